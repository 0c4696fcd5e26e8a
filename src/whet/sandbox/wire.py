"""The protocol between a program and its tests: plain values as JSON, one message per line. Runs inside the sandbox.

Values are rebuilt from builtin types, so nothing that a program defines, such as an `__eq__` that is always true, takes
part in a comparison. An object that is no plain value stays in its process, and a number refers to it.
"""

import json
import os
from collections.abc import Callable
from typing import Any, BinaryIO

MAX_MESSAGE = 16 * 2**20
"""Maximum bytes of a message; a longer one raises `GoneError`."""

READY = "ready"
"""Sent before any program is run: all restrictions are in force."""

TESTS, SCRIPT = b"t", b"s"
"""Jobs of the harness: run a program's tests, or run it as a script."""

PASSED = "passed"
"""Verdict on a test that raises nothing."""

Keep = Callable[[Any], int]
"""Stores an object that is no plain value; returns the number that refers to it."""

Lookup = Callable[[int], Any]
"""Returns the object that a number refers to."""

_CONTAINERS: dict[str, Any] = {"list": list, "tuple": tuple, "set": set, "frozenset": frozenset}


class GoneError(Exception):
    """The other side has ended, or sent a message that is too long."""


def encode(value: Any, keep: Keep) -> Any:
    """Encodes a value for JSON: a scalar unchanged, anything else as `[kind, content]`.

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
    """Decodes a value, into builtin types whatever subclass it had. Malformed data may raise any exception."""
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
    """Writes a whole message. Raises `GoneError` where the other end is closed."""
    left = memoryview(json.dumps(message).encode() + b"\n")
    try:
        while left:
            left = left[os.write(fd, left) :]  # a pipe may take a part only
    except BrokenPipeError:
        raise GoneError("the program has ended") from None


def receive(file: BinaryIO) -> Any:
    """Reads the next message. Raises `GoneError` where there is none, or one that is too long."""
    line = file.readline(MAX_MESSAGE)
    if not line.endswith(b"\n"):
        raise GoneError(f"gave a value of over {MAX_MESSAGE} bytes" if line else "the program has ended")
    return json.loads(line)
