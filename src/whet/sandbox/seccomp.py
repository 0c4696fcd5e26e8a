"""Seccomp: an allow-list of system calls for a program. Runs inside the sandbox; outside, only `missing` does.

A call that a later kernel adds is therefore refused too. Allowed is what Python needs to compute, to read permitted
files, and to use pipes that it was given. There is no `socket`, `fork`, `clone` (no thread either), `execve`, `kill`,
`ptrace`, `mount`, `unshare`, `keyctl`, `bpf`, `io_uring_setup`, `prctl`, `unlink`, `chmod` and so on; these fail with
`EPERM`.
"""

import ctypes
import errno
import os
import struct
import sys

SYSCALLS: dict[str, tuple[int | None, int | None]] = {
    "read": (0, 63),
    "write": (1, 64),
    "readv": (19, 65),
    "writev": (20, 66),
    "pread64": (17, 67),
    "close": (3, 57),
    "fstat": (5, 80),
    "stat": (4, None),
    "lstat": (6, None),
    "newfstatat": (262, 79),
    "statx": (332, 291),
    "lseek": (8, 62),
    "mmap": (9, 222),
    "mprotect": (10, 226),
    "munmap": (11, 215),
    "mremap": (25, 216),
    "madvise": (28, 233),
    "brk": (12, 214),
    "rt_sigaction": (13, 134),
    "rt_sigprocmask": (14, 135),
    "rt_sigreturn": (15, 139),
    "sigaltstack": (131, 132),
    "fcntl": (72, 25),
    "access": (21, None),
    "faccessat": (269, 48),
    "faccessat2": (439, 439),
    "getcwd": (79, 17),
    "open": (2, None),
    "openat": (257, 56),
    "readlink": (89, None),
    "readlinkat": (267, 78),
    "getdents64": (217, 61),
    "dup": (32, 23),
    "dup2": (33, None),
    "dup3": (292, 24),
    "pipe": (22, None),
    "pipe2": (293, 59),
    "select": (23, None),
    "pselect6": (270, 72),
    "poll": (7, None),
    "ppoll": (271, 73),
    "epoll_create1": (291, 20),
    "epoll_ctl": (233, 21),
    "epoll_wait": (232, None),
    "epoll_pwait": (281, 22),
    "futex": (202, 98),
    "rseq": (334, 293),
    "arch_prctl": (158, None),
    "gettid": (186, 178),
    "getpid": (39, 172),
    "getppid": (110, 173),
    "getuid": (102, 174),
    "geteuid": (107, 175),
    "getgid": (104, 176),
    "getegid": (108, 177),
    "clock_gettime": (228, 113),
    "clock_getres": (229, 114),
    "clock_nanosleep": (230, 115),
    "nanosleep": (35, 101),
    "gettimeofday": (96, 169),
    "time": (201, None),
    "times": (100, 153),
    "getrusage": (98, 165),
    "getrandom": (318, 278),
    "uname": (63, 160),
    "sysinfo": (99, 179),
    "sched_yield": (24, 124),
    "sched_getaffinity": (204, 123),
    "getrlimit": (97, 163),
    "prlimit64": (302, 261),
    "socketpair": (53, 199),
    "exit": (60, 93),
    "exit_group": (231, 94),
    "restart_syscall": (219, 128),
}
"""By name, the number on x86-64 and on 64-bit ARM; `None` where that architecture has no such call."""

MACHINES: dict[str, tuple[int, int]] = {"x86_64": (0xC000003E, 0), "aarch64": (0xC00000B7, 1)}
"""By name, the kernel's constant for the architecture (`AUDIT_ARCH_…`), and the column of `SYSCALLS`."""

_READ_ONLY = (os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC, 0)
_WHOLE = 0xFFFFFFFF
_LOW, _HIGH = 16, 20
"""Byte offsets of the first argument's 32-bit halves in `struct seccomp_data`; each further argument is 8 bytes on."""

CONDITIONS: dict[str, tuple[tuple[int, int, int], ...]] = {
    "open": ((_LOW + 8, *_READ_ONLY),),
    "openat": ((_LOW + 16, *_READ_ONLY),),
    "socketpair": ((_LOW, _WHOLE, 1),),  # AF_UNIX, with which event loops wake themselves
    "prlimit64": ((_LOW, _WHOLE, 0), (_LOW + 16, _WHOLE, 0), (_HIGH + 16, _WHOLE, 0)),  # pid 0, new limit NULL: reads
    "fcntl": ((_LOW + 8, 0xFFFFFBF8, 0),),  # commands 0-7 and 1024-1031: dup, flags; not F_SETOWN, which sends signals
}
"""(offset, mask, value) of arguments: the call is allowed only if each of these 32-bit words, masked, has its value."""

_LOAD, _EQUAL, _AND, _RETURN = 0x20, 0x15, 0x54, 0x06
_ALLOW, _KILL, _REFUSE = 0x7FFF0000, 0x80000000, 0x00050000 | errno.EPERM
_MACHINE, _NUMBER = 4, 0
_SET_SECCOMP, _FILTER, _NO_NEW_PRIVILEGES = 22, 2, 38

Instruction = tuple[int, int, int, int]
"""Classic BPF: operation, instructions to skip if true, if false, and operand."""


def missing() -> str | None:
    """Returns what this machine lacks; `None` where seccomp works."""
    if not sys.platform.startswith("linux"):
        return f"seccomp is a part of Linux, and this is {sys.platform}"
    if os.uname().machine not in MACHINES:
        return f"the system calls of {os.uname().machine} are not known ({', '.join(MACHINES)} are)"
    if not os.access("/proc/sys/kernel/seccomp", os.F_OK):
        return "the kernel has no seccomp filters (CONFIG_SECCOMP_FILTER)"
    return None


def program(machine: str) -> list[Instruction]:
    """Returns the filter as classic BPF. A call by another architecture's ABI (32-bit) kills the process."""
    mark, column = MACHINES[machine]
    lines = [(_LOAD, 0, 0, _MACHINE), (_EQUAL, 1, 0, mark), (_RETURN, 0, 0, _KILL), (_LOAD, 0, 0, _NUMBER)]
    for name, numbers in SYSCALLS.items():
        number = numbers[column]
        if number is not None:
            verdict = [*_conditions(name), (_RETURN, 0, 0, _ALLOW)]
            lines += [(_EQUAL, 0, len(verdict), number), *verdict]
    return [*lines, (_RETURN, 0, 0, _REFUSE)]


def _conditions(name: str) -> list[Instruction]:
    lines: list[Instruction] = []
    for offset, mask, value in CONDITIONS.get(name, ()):
        lines += [(_LOAD, 0, 0, offset), (_AND, 0, 0, mask), (_EQUAL, 1, 0, value), (_RETURN, 0, 0, _REFUSE)]
    return lines


def restrict() -> None:
    """Installs the filter, irrevocably.

    Raises:
        OSError: the kernel refuses: nothing may be run then.
    """
    lines = program(os.uname().machine)
    code = ctypes.create_string_buffer(b"".join(struct.pack("=HBBI", *line) for line in lines))
    header = struct.pack("@HP", len(lines), ctypes.addressof(code))
    libc = ctypes.CDLL(None, use_errno=True)
    steps = ((_NO_NEW_PRIVILEGES, 1, None), (_SET_SECCOMP, _FILTER, header))
    for option, value, pointer in steps:
        if libc.prctl(option, value, pointer, None, None):
            raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))
