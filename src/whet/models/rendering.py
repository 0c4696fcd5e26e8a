"""Test renders a chat template; `template.py` runs this in a worker.

The answer is one word: `fine`, `escape`, `memory` or `long`. Jinja is set up as in transformers. A template may raise
errors of its own, as many do for a system turn.
"""

import json
from collections.abc import Mapping, Sequence
from contextlib import suppress
from datetime import datetime
from typing import Any

from whet.workers.supervisor import Service

MEGABYTES, SECONDS = 512, 1
"""Limits of address space and CPU time; a conversation of one word takes a small part of either."""

LONGEST = 1_000_000
"""Maximum characters of a rendered conversation of one word."""

_USER = {"role": "user", "content": "Hello"}
CONVERSATIONS: Sequence[Sequence[Mapping[str, str]]] = ([_USER], [{"role": "system", "content": "Hello"}, _USER])

MARKS = {f"{name}_token": f"<{name}>" for name in ("bos", "eos", "pad", "unk")}


def service(_: None) -> Service:
    """Returns the service that test renders a template. The first request limits the process's memory and CPU time."""
    import resource

    environment()  # loads Jinja

    def answer(request: bytes) -> bytes:
        for what, most in ((resource.RLIMIT_AS, MEGABYTES * 2**20), (resource.RLIMIT_CPU, SECONDS)):
            with suppress(ValueError, OSError):  # systems that know no such limit
                resource.setrlimit(what, (most, most))
        return outcome(request.decode()).encode()

    return answer


def environment() -> Any:
    """Returns Jinja's sandboxed environment with the extensions, filters and globals of chat templates."""
    from jinja2 import nodes
    from jinja2.exceptions import TemplateError
    from jinja2.ext import Extension
    from jinja2.sandbox import ImmutableSandboxedEnvironment

    class Generation(Extension):
        """`{% generation %}`, which marks assistant turns and renders its body unchanged."""

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
    """Renders `CONVERSATIONS` with the template; returns the first problem as one word, or `fine`."""
    from jinja2.exceptions import SecurityError

    for messages in CONVERSATIONS:
        try:
            compiled = environment().from_string(template)
            text = compiled.render(messages=messages, add_generation_prompt=True, **MARKS)
        except SecurityError:
            return "escape"
        except MemoryError:
            return "memory"
        except Exception:  # a template is a program and may raise anything
            continue
        if len(text) > LONGEST:
            return "long"
    return "fine"
