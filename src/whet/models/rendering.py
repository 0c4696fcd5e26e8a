"""Renders a chat template once and says how it went: what `template.py` runs in a worker.

One word is the answer: `fine`, `escape`, `memory` or `long`. Jinja is set up as transformers sets it up. What a
template merely refuses, as many do a system turn, is fine here.
"""

import json
from collections.abc import Mapping, Sequence
from contextlib import suppress
from datetime import datetime
from typing import Any

from whet.workers.supervisor import Service

MEGABYTES, SECONDS = 512, 1
"""Of memory and of processor time; a question of one word takes a small part of either."""

LONGEST = 1_000_000
"""Characters that a question of one word may become."""

_USER = {"role": "user", "content": "Hello"}
CONVERSATIONS: Sequence[Sequence[Mapping[str, str]]] = ([_USER], [{"role": "system", "content": "Hello"}, _USER])

MARKS = {f"{name}_token": f"<{name}>" for name in ("bos", "eos", "pad", "unk")}


def service(_: None) -> Service:
    """Tries out the template of a request. For a process of its own, whose memory and time the first request limits."""
    import resource

    environment()  # loads Jinja

    def answer(request: bytes) -> bytes:
        for what, most in ((resource.RLIMIT_AS, MEGABYTES * 2**20), (resource.RLIMIT_CPU, SECONDS)):
            with suppress(ValueError, OSError):  # systems that know no such limit
                resource.setrlimit(what, (most, most))
        return outcome(request.decode()).encode()

    return answer


def environment() -> Any:
    """Jinja's sandbox with what chat templates may use."""
    from jinja2 import nodes
    from jinja2.exceptions import TemplateError
    from jinja2.ext import Extension
    from jinja2.sandbox import ImmutableSandboxedEnvironment

    class Generation(Extension):
        """`{% generation %}` marks what an assistant wrote, and changes nothing of it."""

        tags = {"generation"}  # noqa: RUF012

        def parse(self, parser: Any) -> Any:
            line = next(parser.stream).lineno
            body = parser.parse_statements(("name:endgeneration",), drop_needle=True)
            return nodes.Scope(body, lineno=line)

    def raise_exception(message: str) -> None:
        raise TemplateError(message)

    made = ImmutableSandboxedEnvironment(
        trim_blocks=True, lstrip_blocks=True, extensions=[Generation, "jinja2.ext.loopcontrols"]
    )
    made.filters["tojson"] = lambda value, **options: json.dumps(value, ensure_ascii=False)
    made.globals["raise_exception"] = raise_exception
    made.globals["strftime_now"] = lambda layout: datetime.now().strftime(layout)
    return made


def outcome(template: str) -> str:
    """One word for how rendering went."""
    from jinja2.exceptions import SecurityError

    for messages in CONVERSATIONS:
        try:
            compiled = environment().from_string(template)
            text = compiled.render(messages=messages, add_generation_prompt=True, **MARKS)
        except SecurityError:
            return "escape"
        except MemoryError:
            return "memory"
        except Exception:  # a template is a program, and fails in its own ways
            continue
        if len(text) > LONGEST:
            return "long"
    return "fine"
