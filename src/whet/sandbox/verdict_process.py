"""The process that runs a problem's tests. Runs inside the sandbox.

Names that neither the tests nor Python define are the program's, which is in another process: a call sends its
arguments there and returns a value. No code of the program runs here, so it cannot change a verdict.
"""

import builtins
from collections.abc import Callable, Iterator, Sequence
from typing import Any, BinaryIO

from whet.sandbox.wire import PASSED, decode, encode, receive, send

Ask = Callable[..., Any]
"""Sends a request to the program: a verb of `whet.sandbox.solution.VERBS`, or `name`, and its arguments."""


class Remote:
    """Proxy of an object in the program's process. Equal to itself only."""

    def __init__(self, ask: Ask, number: int) -> None:
        self.__dict__.update(_ask=ask, _number=number)

    def __call__(self, *given: Any, **named: Any) -> Any:
        return self._ask("call", self, given, named)

    def __getattr__(self, name: str) -> Any:
        if name.startswith("_"):
            raise AttributeError(name)
        return self._ask("attribute", self, name)

    def __setattr__(self, name: str, value: Any) -> None:
        self._ask("set", self, name, value)

    def __getitem__(self, key: Any) -> Any:
        return self._ask("item", self, key)

    def __iter__(self) -> Iterator[Any]:
        return iter(self._ask("items", self))

    def __len__(self) -> int:
        return int(self._ask("length", self))

    def __bool__(self) -> bool:
        return bool(self._ask("truth", self))


class RpcClient:
    """Client for calls into the process that runs the program."""

    def __init__(self, replies: BinaryIO, requests: int) -> None:
        self._replies, self._requests = replies, requests

    def ask(self, *request: Any) -> Any:
        """Sends a request and returns the program's value; raises an exception like the one that it raised."""
        send(self._requests, encode(request, _number))
        reply = receive(self._replies)
        if "raised" in reply:
            raise _exception(*reply["raised"])
        return decode(reply["value"], lambda number: Remote(self.ask, number))


def _number(value: Any) -> int:
    if isinstance(value, Remote):
        return int(vars(value)["_number"])
    raise TypeError(f"a {type(value).__name__} cannot be handed to the program: only plain values can")


def _exception(name: str, text: str) -> Exception:
    """Makes the builtin exception of that name, for tests that expect it; else (or for an assertion) a RuntimeError."""
    kind = getattr(builtins, str(name), None)
    if isinstance(kind, type) and issubclass(kind, Exception) and not issubclass(kind, AssertionError):
        return kind(str(text))
    return RuntimeError(f"{name}: {text}")


class TestNamespace(dict[str, Any]):
    """The tests' global names: their own, then Python's builtins, then the program's."""

    __test__ = False  # pytest takes a class of this name for tests

    def __init__(self, ask: Ask) -> None:
        super().__init__(__name__="tests")
        self._ask = ask

    def __missing__(self, name: str) -> Any:
        if name.startswith("__") or hasattr(builtins, name):
            raise KeyError(name)
        return self._ask("name", name)


def run_tests(tests: Sequence[str], setup: str, stop: bool, program: RpcClient, report: Callable[[str], None]) -> None:
    """Runs the tests, each in a namespace of its own, and reports each as `passed` or `failed: why`; with `stop`, up to
    the first that fails."""
    for test in tests:
        verdict = _verdict(setup, test, TestNamespace(program.ask))
        report(verdict)
        if stop and verdict != PASSED:
            return


def _verdict(setup: str, test: str, names: TestNamespace) -> str:
    try:
        exec(setup, names)
        exec(test, names)
    except BaseException as error:
        return f"failed: {type(error).__name__}: {' '.join(str(error).split())[:300]}"
    return PASSED
