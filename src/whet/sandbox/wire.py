"""What crosses between a program and its tests: plain values, one message on a line. Runs inside the sandbox.

No object travels, only what it says: so nothing that a program defines, such as an `__eq__` that agrees with
everything, has a say in the comparison. What is not plain stays where it is, and a number stands for it.
"""

import json
import os
from collections.abc import Callable
from typing import Any, BinaryIO

MAX_MESSAGE = 16 * 2**20
"""Bytes of a message; a longer one ends the conversation."""

READY = "ready"
"""What is sent before anything is run: all restrictions are in force."""

TESTS, SCRIPT = b"t", b"s"
"""What the harness can be asked to do with a program: run its tests, or run it as a script."""

PASSED = "passed"
"""The verdict on a test that raises nothing."""

Keep = Callable[[Any], int]
"""Takes a value that is not plain; gives the number that stands for it."""

Lookup = Callable[[int], Any]
"""What a number stands for."""

_CONTAINERS: dict[str, Any] = {"list": list, "tuple": tuple, "set": set, "frozenset": frozenset}


class GoneError(Exception):
    """The other side has ended, or says more than a message holds."""


def encode(value: Any, keep: Keep) -> Any:
    """A value for JSON: as it is, or with its kind.

    >>> encode((1, {"a": {2.5}}), id)
    ['tuple', [1, ['dict', ['list', [['tuple', ['a', ['set', [2.5]]]]]]]]]
    """
    if value is None or isinstance(value, bool | int | float | str):
        return value
    for name, kind in _CONTAINERS.items():
        if isinstance(value, kind):
            return [name, [encode(item, keep) for item in value]]
    if isinstance(value, dict):
        return ["dict", encode(list(value.items()), keep)]
    if isinstance(value, bytes | bytearray):
        return ["bytes", bytes(value).hex()]
    if isinstance(value, complex):
        return ["complex", [value.real, value.imag]]
    return ["object", keep(value)]


def decode(data: Any, lookup: Lookup) -> Any:
    """The value that was encoded: of builtin types, whatever subclass it had. Malformed data raises something."""
    if not isinstance(data, list):
        return data
    kind, body = data
    if kind in _CONTAINERS:
        return _CONTAINERS[kind](decode(item, lookup) for item in body)
    return _OTHERS[kind](body, lookup)


_OTHERS: dict[str, Callable[[Any, Lookup], Any]] = {
    "dict": lambda body, lookup: dict(decode(body, lookup)),
    "bytes": lambda body, _: bytes.fromhex(body),
    "complex": lambda body, _: complex(*body),
    "object": lambda body, lookup: lookup(body),
}


def send(fd: int, message: Any) -> None:
    """Writes a message whole. Raises `GoneError` where nobody reads any more."""
    left = memoryview(json.dumps(message).encode() + b"\n")
    try:
        while left:
            left = left[os.write(fd, left) :]
    except BrokenPipeError:
        raise GoneError("the program has ended") from None


def receive(file: BinaryIO) -> Any:
    """The next message. Raises `GoneError` where there is none, or one that is too long."""
    line = file.readline(MAX_MESSAGE)
    if not line.endswith(b"\n"):
        raise GoneError(f"gave a value of over {MAX_MESSAGE} bytes" if line else "the program has ended")
    return json.loads(line)
