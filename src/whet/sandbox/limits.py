"""The least that any sandbox does: limits on what a process may use. Runs inside the sandbox."""

import resource
import sys

FILES = 64
"""Open files; what a program is started with included."""


def limit(memory: int, seconds: int) -> None:
    """Gives up, for good: memory beyond `memory` megabytes of address space, `seconds` of computing, further processes
    (except where the user is root, whom the system does not count), files that hold anything, and core dumps.
    """
    wanted = {
        "RLIMIT_AS": memory * 2**20,
        "RLIMIT_CPU": seconds,
        "RLIMIT_NPROC": 0,
        "RLIMIT_FSIZE": 0,
        "RLIMIT_NOFILE": FILES,
        "RLIMIT_CORE": 0,
    }
    if sys.platform == "darwin":
        del wanted["RLIMIT_AS"]  # macOS knows the name and refuses to set it
    for name, most in wanted.items():
        kind = getattr(resource, name)
        ceiling = resource.getrlimit(kind)[1]
        value = most if ceiling == resource.RLIM_INFINITY else min(most, ceiling)
        resource.setrlimit(kind, (value, value))
