"""Checks a chat template by rendering it once in a process with little time and memory.

A template is a program in a model folder. Jinja's sandbox, in which transformers runs it, keeps it from Python, but not
from looping for ever or filling the memory. One that does so for some conversations only passes this check; it can
stall a run, no more.
"""

import re
from collections.abc import Mapping
from contextlib import closing
from functools import lru_cache

from whet.models import rendering
from whet.workers.worker import Worker

PATIENCE = 20.0
"""Wall-clock timeout in seconds, long enough for a busy machine."""

LONGEST = 1_000_000
"""Maximum characters of a template."""

INTERNALS = re.compile(
    r"__(?:class|globals|builtins|subclasses|mro|base|bases|import|init|dict|code|getattribute|reduce|self)__"
)
"""Attributes that sandbox escapes use, and no chat template needs."""

FAULTS: Mapping[str, str] = {
    "escape": "reaches for what is not its own",
    "memory": "fills the memory",
    "long": f"makes more than {rendering.LONGEST} characters of one word",
    "endless": "does not come to an end",
    "broken": "breaks the program that tries it out",
}


@lru_cache(maxsize=64)
def fault_of(template: str) -> str:
    """Returns the fault of a chat template, in words that follow "its chat template"; empty where there is none."""
    if len(template) > LONGEST:
        return f"has {len(template)} characters"
    if found := INTERNALS.search(template):
        return f"reaches for Python's internals (`{found[0]}`)"
    return FAULTS.get(_test_rendering(template), "")


def _test_rendering(template: str) -> str:
    """Returns the outcome of a test rendering; a worker killed for its time or memory counts as endless."""
    with closing(Worker("whet.models.rendering:service", preload=True)) as worker:
        outcome = worker.ask(template.encode(errors="replace"), PATIENCE)
    if outcome.fate == "answered":
        return outcome.answer.decode()
    return "endless" if outcome.fate == "late" or " by SIG" in outcome.what else "broken"
