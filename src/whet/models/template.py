"""Whether a chat template may be used: it is tried out once, in a process with little time and memory.

A template is a program that comes with a model. Jinja's sandbox, in which transformers runs it, keeps it from Python,
but not from running without end or filling the memory. A template that does so for some conversations only is not
found out here; it can still hold a run up, and nothing more.
"""

import re
from collections.abc import Mapping
from contextlib import closing
from functools import lru_cache

from whet.models import rendering
from whet.workers.worker import Worker

PATIENCE = 20.0
"""Seconds on the clock, for a machine that is busy with other things."""

LONGEST = 1_000_000
"""Characters of a template."""

INTERNALS = re.compile(
    r"__(?:class|globals|builtins|subclasses|mro|base|bases|import|init|dict|code|getattribute|reduce|self)__"
)
"""What a sandbox escape goes by, and no conversation."""

FAULTS: Mapping[str, str] = {
    "escape": "reaches for what is not its own",
    "memory": "fills the memory",
    "long": f"makes more than {rendering.LONGEST} characters of one word",
    "endless": "does not come to an end",
    "broken": "breaks the program that tries it out",
}


@lru_cache(maxsize=64)
def fault_of(template: str) -> str:
    """What is wrong with a chat template, in words that follow "its chat template"; empty where nothing is."""
    if len(template) > LONGEST:
        return f"has {len(template)} characters"
    if found := INTERNALS.search(template):
        return f"reaches for Python's internals (`{found[0]}`)"
    return FAULTS.get(_tried(template), "")


def _tried(template: str) -> str:
    """How one rendering went; whoever is killed for its time or memory was endless."""
    with closing(Worker("whet.models.rendering:service", preload=True)) as worker:
        outcome = worker.ask(template.encode(errors="replace"), PATIENCE)
    if outcome.fate == "answered":
        return outcome.answer.decode()
    return "endless" if outcome.fate == "late" or " by SIG" in outcome.what else "broken"
