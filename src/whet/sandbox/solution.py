"""The process that runs a model's program and answers requests for its values. Runs inside the sandbox.

It has no test and no expected answer, and its pipe leads to the test process, which accepts plain values only. So a
program that takes this process over can do no more than answer wrongly.
"""

import operator
import sys
from collections.abc import Callable, Mapping
from itertools import islice
from types import ModuleType
from typing import Any

from whet.sandbox.wire import decode, encode

MOST_ITEMS = 100_000
"""Maximum of items taken from an iterator, which may be infinite."""


class Solution:
    """A program's module, and those of its objects that cannot be sent as plain values."""

    def __init__(self, program: str, name: str = "solution") -> None:
        self._module = ModuleType(name)
        self._objects: list[Any] = []
        self._broken: BaseException | None = None
        sys.modules[name] = self._module
        try:
            exec(program, vars(self._module))
        except BaseException as error:
            self._broken = error

    def answer(self, request: Any) -> dict[str, Any]:
        """Executes a request; returns `{"value": …}` or `{"raised": [name, text]}`."""
        try:
            if self._broken is not None:
                raise self._broken
            verb, *rest = decode(request, self._objects.__getitem__)
            value = self._named(*rest) if verb == "name" else VERBS[verb](*rest)
            return {"value": encode(value, self._keep)}
        except BaseException as error:
            return {"raised": [type(error).__name__, str(error)[:300]]}

    def _named(self, name: str) -> Any:
        try:
            return vars(self._module)[name]
        except KeyError:
            raise NameError(f"name {name!r} is not defined") from None

    def _keep(self, value: Any) -> int:
        self._objects.append(value)
        return len(self._objects) - 1


VERBS: Mapping[str, Callable[..., Any]] = {
    "call": lambda target, given, named: target(*given, **named),
    "attribute": getattr,
    "set": setattr,
    "item": operator.getitem,
    "items": lambda target: list(islice(target, MOST_ITEMS)),
    "length": len,
    "truth": bool,
}
"""Operations on an object. Comparison is not one: the test process compares plain values."""


def run_script(program: str) -> None:
    """Runs a program as `python program.py` would, with descriptors 0 and 1 as its input and output."""
    module = ModuleType("__main__")
    sys.modules["__main__"] = module
    exec(program, vars(module))
