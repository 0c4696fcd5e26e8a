"""The bubblewrap backend: Linux namespaces of their own, only the necessary files mounted, no network.

See github.com/containers/bubblewrap; most distributions have it as the package `bubblewrap`.
"""

import shutil
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

from whet.sandbox.interpreter import ENVIRONMENT, PACKAGE, Interpreter, interpreter

_ALONE = ("user", "pid", "net", "ipc", "uts", "cgroup-try")
"""Namespaces that it does not share with the rest of the machine."""


def missing() -> str | None:
    """Returns what this machine lacks, with the fix; `None` where the program is installed."""
    if not sys.platform.startswith("linux"):
        return "bubblewrap is a program for Linux"
    return None if shutil.which("bwrap") else "there is no program bwrap (install the package bubblewrap)"


def wrapped(command: Sequence[str]) -> list[str]:
    """Returns the command that runs `command` in bubblewrap: paths not mounted are absent, the others read-only."""
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
        yield from ("--tmpfs", path)  # an empty folder over site-packages; order matters: later mounts cover earlier
    yield from ("--ro-bind", own, own)
    yield from ("--symlink", "usr/lib", "/lib") if Path("/lib").is_symlink() else ()
    yield from ("--symlink", "usr/lib64", "/lib64") if Path("/lib64").is_symlink() else ()
    yield from ("--dev", "/dev", "--remount-ro", "/")
