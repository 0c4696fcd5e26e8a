"""The restrictions that a process takes on before it runs a line of a model's code. Runs inside the sandbox."""

import ctypes
import os
import resource
import struct
import sys
from collections.abc import Callable, Mapping
from typing import Any

from whet.sandbox import landlock, seccomp

MAX_FILES = 64
"""Open files; what a program is started with included."""

_CAPABILITY_VERSION = 0x20080522
"""Of the capabilities' layout: two words each of effective, permitted and inheritable ones."""


def confine(policy: Mapping[str, Any]) -> None:
    """Takes on `policy["restrictions"]`, in order and for good. Whatever they raise, nothing may be run then."""
    os.chdir("/")
    for name in policy["restrictions"]:
        RESTRICTIONS[name](policy)


def drop_capabilities() -> None:
    """Gives up every right of root's but those of an owner."""
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.capset(struct.pack("=Ii", _CAPABILITY_VERSION, 0), struct.pack("=6I", *[0] * 6)):
        raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))


def limit(memory: int, seconds: int) -> None:
    """Gives up memory beyond `memory` megabytes of address space, `seconds` of computing, further processes (except
    where the user is root, whom the system does not count), files that hold anything, and core dumps.
    """
    wanted = {
        "RLIMIT_AS": memory * 2**20,
        "RLIMIT_CPU": seconds,
        "RLIMIT_NPROC": 0,
        "RLIMIT_FSIZE": 0,
        "RLIMIT_NOFILE": MAX_FILES,
        "RLIMIT_CORE": 0,
    }
    if sys.platform == "darwin":
        del wanted["RLIMIT_AS"]  # macOS knows the name and refuses to set it
    for name, most in wanted.items():
        kind = getattr(resource, name)
        ceiling = resource.getrlimit(kind)[1]
        value = most if ceiling == resource.RLIM_INFINITY else min(most, ceiling)
        resource.setrlimit(kind, (value, value))


RESTRICTIONS: Mapping[str, Callable[[Mapping[str, Any]], None]] = {
    "landlock": lambda policy: landlock.restrict(policy["readable"], policy["listable"]),
    "capabilities": lambda _: drop_capabilities(),
    "limits": lambda policy: limit(policy["memory"], policy["seconds"]),
    "seccomp": lambda _: seccomp.restrict(),
}
"""By name. Seccomp is last: it forbids the others."""
