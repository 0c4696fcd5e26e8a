"""The system calls that are left, and the filter that leaves them."""

import errno
import os
import re
import socket
import struct
from pathlib import Path
from types import SimpleNamespace

import pytest

from sandbox.apart import apart
from whet.sandbox import seccomp
from whet.sandbox.seccomp import CONDITIONS, MACHINES, SYSCALLS, missing, program, restrict

ALLOW, KILL, REFUSE = 0x7FFF0000, 0x80000000, 0x00050000 + errno.EPERM
X86, ARM = 0xC000003E, 0xC00000B7
HEADER = Path("/usr/include/x86_64-linux-gnu/asm/unistd_64.h")


def verdict(machine: str, mark: int, number: int, *arguments: int) -> int:
    """What the filter says of a call, by running it as the kernel does: classic BPF over `struct seccomp_data`."""
    data = struct.pack("<iIQ6Q", number, mark, 0, *(*arguments, *[0] * (6 - len(arguments))))
    lines, at, held = program(machine), 0, 0
    while True:
        what, if_so, if_not, value = lines[at]
        at += 1
        match what:
            case 0x20:
                (held,) = struct.unpack_from("<I", data, value)
            case 0x54:
                held &= value
            case 0x15:
                at += if_so if held == value else if_not
            case 0x06:
                return value
            case _:
                raise AssertionError(f"no such instruction: {what}")


@pytest.mark.parametrize(("machine", "mark", "column"), [("x86_64", X86, 0), ("aarch64", ARM, 1)])
def test_what_is_on_the_list_is_allowed_and_nothing_else(machine: str, mark: int, column: int) -> None:
    listed = {numbers[column] for numbers in SYSCALLS.values()} - {None}
    plain = listed - {SYSCALLS[name][column] for name in CONDITIONS}
    for number in range(500):
        assert (verdict(machine, mark, number) == ALLOW) == (number in listed - {SYSCALLS["socketpair"][column]})
    assert all(verdict(machine, mark, number, *[2**64 - 1] * 6) == ALLOW for number in plain if number is not None)
    assert verdict(machine, mark, 0x40000000) == REFUSE
    assert len(program(machine)) < 4096  # the most that the kernel takes


@pytest.mark.parametrize("machine", MACHINES)
def test_calls_of_another_machine_kill(machine: str) -> None:
    other = {X86: ARM, ARM: X86}[MACHINES[machine][0]]
    assert verdict(machine, other, 0) == KILL
    assert verdict(machine, 0x40000003, 20) == KILL  # i386, as by int 0x80


@pytest.mark.parametrize(
    ("name", "arguments", "allowed"),
    [
        ("openat", (0, 0, os.O_RDONLY | 0o2000000), True),
        ("openat", (0, 0, os.O_WRONLY), False),
        ("openat", (0, 0, os.O_RDWR), False),
        ("openat", (0, 0, os.O_CREAT), False),
        ("openat", (0, 0, os.O_TRUNC), False),
        ("open", (0, 0), True),
        ("open", (0, os.O_WRONLY), False),
        ("prlimit64", (0, 3, 0, 4096), True),
        ("prlimit64", (0, 3, 4096, 0), False),
        ("prlimit64", (0, 3, 2**40, 0), False),
        ("prlimit64", (77, 3, 0, 4096), False),
        ("socketpair", (1, 1, 0), True),
        ("socketpair", (2, 1, 0), False),
        ("fcntl", (3, 1), True),  # F_GETFD
        ("fcntl", (3, 1030), True),  # F_DUPFD_CLOEXEC
        ("fcntl", (3, 8), False),  # F_SETOWN
        ("fcntl", (3, 10), False),  # F_SETSIG
        ("fcntl", (3, 15), False),  # F_SETOWN_EX
    ],
)
def test_arguments_count(name: str, arguments: tuple[int, ...], allowed: bool) -> None:
    number = SYSCALLS[name][0]
    assert number is not None
    assert verdict("x86_64", X86, number, *arguments) == (ALLOW if allowed else REFUSE)


@pytest.mark.skipif(not HEADER.exists(), reason="the kernel's header is not installed")
def test_the_numbers_are_the_kernels() -> None:
    numbers = dict(re.findall(r"#define __NR_(\w+) (\d+)", HEADER.read_text("utf-8")))
    assert {name: str(pair[0]) for name, pair in SYSCALLS.items()} == {name: numbers[name] for name in SYSCALLS}


def test_the_numbers_of_arm_are_the_generic_ones() -> None:
    """A few of asm-generic/unistd.h, by hand; what 64-bit ARM never had is not there."""
    own = {"read": 63, "write": 64, "openat": 56, "mmap": 222, "futex": 98, "exit_group": 94, "getrandom": 278}
    assert {name: SYSCALLS[name][1] for name in own} == own
    assert [name for name, pair in SYSCALLS.items() if pair[1] is None] == [
        *("stat", "lstat", "access", "open", "readlink", "dup2", "pipe", "select", "poll", "epoll_wait"),
        *("arch_prctl", "time"),
    ]


@pytest.mark.skipif(missing() is not None, reason="no seccomp here")
def test_a_process_is_left_with_those(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("x", "utf-8")

    def tries() -> list[str]:
        restrict()
        return [
            refusal(lambda: (tmp_path / "file").read_text()),
            refusal(lambda: (tmp_path / "file").write_text("y")),
            refusal(lambda: socket.socket()),
            refusal(lambda: os.fork() or os._exit(1)),
            refusal(lambda: os.kill(os.getpid(), 0)),
            refusal(lambda: socket.socketpair()),
        ]

    assert apart(tries) == str(["worked", *["PermissionError"] * 4, "worked"])


def refusal(attempt: object) -> str:
    try:
        attempt()  # type: ignore[operator]
    except OSError as error:
        return type(error).__name__
    return "worked"


def test_what_is_missing_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "uname", lambda: SimpleNamespace(machine="sparc"))
    if seccomp.sys.platform.startswith("linux"):
        assert "the system calls of sparc are not known" in str(missing())
    monkeypatch.setattr(seccomp.sys, "platform", "darwin")
    assert "seccomp is a part of Linux" in str(missing())
