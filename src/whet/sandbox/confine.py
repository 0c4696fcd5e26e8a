"""Restrictions that a process applies to itself before it runs a model's code. Runs inside the sandbox."""

import ctypes
import os
import resource
import struct
import sys
from collections.abc import Callable, Mapping
from typing import Any

from whet.sandbox import landlock, seccomp

MAX_FILES = 64
"""Maximum of open file descriptors, those at the start included."""

_CAPABILITY_VERSION = 0x20080522
"""`_LINUX_CAPABILITY_VERSION_3`: two 32-bit words each of effective, permitted and inheritable capabilities."""


def confine(policy: Mapping[str, Any]) -> None:
    """Applies `policy["restrictions"]` in order, irrevocably. If this raises anything, no program may be run."""
    os.chdir("/")
    for name in policy["restrictions"]:
        RESTRICTIONS[name](policy)


def drop_capabilities() -> None:
    """Drops all capabilities, so that root has no more rights than the owner of its files."""
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.capset(struct.pack("=Ii", _CAPABILITY_VERSION, 0), struct.pack("=6I", *[0] * 6)):
        raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))


def limit(memory: int, seconds: int) -> None:
    """Sets resource limits: `memory` MiB of address space, `seconds` of CPU time, no new processes (not enforced for
    root), no bytes written to files, no core dumps.
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
"""By name. Seccomp goes last: its filter forbids the system calls of the others."""
