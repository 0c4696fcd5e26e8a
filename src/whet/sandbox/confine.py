"""Everything that a process gives up before it runs a line of a model's code. Runs inside the sandbox."""

import ctypes
import os
import struct
from collections.abc import Callable, Mapping
from typing import Any

from whet.sandbox import landlock, limits, seccomp

_VERSION = 0x20080522
"""Of the capabilities' layout: two words each of effective, permitted and inheritable ones."""


def confine(terms: Mapping[str, Any]) -> None:
    """Gives up what each of `terms["pieces"]` says, in order. Whatever they raise, nothing may be run then."""
    os.chdir("/")
    for piece in terms["pieces"]:
        PIECES[piece](terms)


def drop_capabilities() -> None:
    """Gives up every right of root's but those of an owner."""
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.capset(struct.pack("=Ii", _VERSION, 0), struct.pack("=6I", *[0] * 6)):
        raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))


PIECES: Mapping[str, Callable[[Mapping[str, Any]], None]] = {
    "landlock": lambda terms: landlock.restrict(terms["readable"], terms["listable"]),
    "capabilities": lambda _: drop_capabilities(),
    "limits": lambda terms: limits.limit(terms["memory"], terms["seconds"]),
    "seccomp": lambda _: seccomp.restrict(),
}
"""What can be given up, by name. Seccomp is last: it forbids the others."""
