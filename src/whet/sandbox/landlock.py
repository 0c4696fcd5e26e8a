"""Landlock: restricts a process irrevocably to reading listed files, without TCP or signals to other processes.

See docs.kernel.org/userspace-api/landlock. Runs inside the sandbox; outside, only `abi` does.
"""

import ctypes
import os
import stat
import struct
import sys
from collections.abc import Iterable

_LIBC = ctypes.CDLL(None, use_errno=True)

_CREATE, _ADD, _RESTRICT = 444, 445, 446
"""System call numbers, the same on every architecture."""

_VERSION, _PATH_BENEATH, _NO_NEW_PRIVILEGES = 1, 1, 38

READ_FILE, READ_FOLDER = 1 << 2, 1 << 3

_FILE_RIGHTS = ((5, 16), (3, 15), (2, 14), (1, 13))
"""(ABI version, number of file access rights since then), newest first."""
_NET_SINCE, _NET_RIGHTS = 4, 0b11
"""Bits for binding and connecting TCP ports."""
_SCOPES_SINCE, _SCOPES = 6, 0b11
"""Bits for abstract UNIX sockets and signals: none to processes outside."""


def abi() -> int:
    """Returns the kernel's Landlock ABI version; 0 where there is none."""
    if not sys.platform.startswith("linux"):
        return 0
    return max(0, int(_LIBC.syscall(_CREATE, None, ctypes.c_size_t(0), _VERSION)))


def missing() -> str | None:
    """Returns what this machine lacks, with the fix; `None` where it has Landlock."""
    if abi():
        return None
    return "the kernel has no Landlock (Linux 5.13 or later, started with landlock among its `lsm=`)"


def handled(version: int) -> tuple[int, int, int]:
    """Returns bit masks of all rights of an ABI version: to files, to TCP ports, and the scopes."""
    files = next(count for since, count in _FILE_RIGHTS if version >= since)
    net = _NET_RIGHTS if version >= _NET_SINCE else 0
    return (1 << files) - 1, net, _SCOPES if version >= _SCOPES_SINCE else 0


def restrict(readable: Iterable[str], listable: Iterable[str]) -> None:
    """Denies everything but reading the files and folders of `readable` (folders with all that is in them), and
    listing the folders of `listable`. Paths that do not exist are skipped.

    Raises:
        OSError: the kernel refuses: nothing may be run then.
    """
    rights = handled(abi())
    ruleset = _checked(_LIBC.syscall(_CREATE, struct.pack("=QQQ", *rights), ctypes.c_size_t(24), 0))
    for path in readable:
        _allow(ruleset, path, READ_FILE | READ_FOLDER)
    for path in listable:
        _allow(ruleset, path, READ_FOLDER)
    _checked(_LIBC.prctl(_NO_NEW_PRIVILEGES, 1, 0, 0, 0))
    _checked(_LIBC.syscall(_RESTRICT, ruleset, 0))
    os.close(ruleset)


def _allow(ruleset: int, path: str, rights: int) -> None:
    try:
        place = os.open(path, os.O_PATH | os.O_CLOEXEC)
    except OSError:
        return
    if not stat.S_ISDIR(os.fstat(place).st_mode):
        rights &= READ_FILE
    _checked(_LIBC.syscall(_ADD, ruleset, _PATH_BENEATH, struct.pack("=Qi", rights, place), 0))
    os.close(place)


def _checked(result: int) -> int:
    if result < 0:
        code = ctypes.get_errno()
        raise OSError(code, os.strerror(code))
    return result
