"""Bubblewrap: a process in namespaces of its own, where only what it needs is to be seen, and no network.

See github.com/containers/bubblewrap. It is a small program that most distributions have as the package `bubblewrap`.
"""

import shutil
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

from whet.sandbox.interpreter import ENVIRONMENT, PACKAGE, Interpreter, interpreter

_ALONE = ("user", "pid", "net", "ipc", "uts", "cgroup-try")
"""What it does not share with the rest of the machine."""


def missing() -> str | None:
    """What this machine lacks, and what to do; `None` where the program is there."""
    if not sys.platform.startswith("linux"):
        return "bubblewrap is a program for Linux"
    return None if shutil.which("bwrap") else "there is no program bwrap (install the package bubblewrap)"


def wrapped(command: Sequence[str]) -> list[str]:
    """The command, run by bubblewrap: every path that is not mounted is absent, and what is cannot be written to."""
    return [
        shutil.which("bwrap") or "bwrap",
        *(f"--unshare-{kind}" for kind in _ALONE),
        *("--die-with-parent", "--cap-drop", "ALL", "--clearenv"),
        *(word for name, value in ENVIRONMENT.items() for word in ("--setenv", name, value)),
        *_mounts(interpreter()),
        *("--chdir", "/", "--"),
        *command,
    ]


def _mounts(python: Interpreter) -> Iterator[str]:
    own = str(Path(PACKAGE) / "sandbox")
    for path in (*python.shared, *python.library, *python.loader, python.executable):
        if not path.startswith("/dev/"):
            yield from ("--ro-bind", path, path)
    for path in python.installed:
        yield from ("--tmpfs", path)
    yield from ("--ro-bind", own, own)
    yield from ("--symlink", "usr/lib", "/lib") if Path("/lib").is_symlink() else ()
    yield from ("--symlink", "usr/lib64", "/lib64") if Path("/lib64").is_symlink() else ()
    yield from ("--dev", "/dev", "--remount-ro", "/")
