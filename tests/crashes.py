"""Runs that die: in a forked child, by a real SIGKILL, at a random instant or at the n-th write, rename or delete."""

import builtins
import os
import shutil
import signal
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

EVENTS: tuple[tuple[Any, str], ...] = (
    (os, "fsync"),
    (Path, "rename"),
    (Path, "replace"),
    (Path, "unlink"),
    (Path, "write_text"),
    (Path, "mkdir"),
    (Path, "chmod"),
    (shutil, "rmtree"),
)
"""Where a save touches the disk."""


def untraced() -> None:
    """Ends the measurement of coverage in a fork: it costs half as long again, and what a fork has covered is lost."""
    sys.settrace(None)
    threading.settrace(None)  # type: ignore[arg-type]


def in_child(work: Callable[[], Any], kill_after: float | None = None) -> int:
    """Does `work` in a forked child, which gets a SIGKILL after so many seconds; its exit status, −9 where killed."""
    child = os.fork()
    if not child:
        status = 1
        untraced()
        try:
            sys.stdout = sys.stderr = builtins.open(os.devnull, "w")  # noqa: SIM115, PTH123
            work()
            status = 0
        finally:
            os._exit(status)
    if kill_after is not None:
        time.sleep(kill_after)
        os.kill(child, signal.SIGKILL)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])


def striking(count: int, strike: Callable[[], Any]) -> Callable[[], int]:
    """From now on the `count`-th event (from 1) is preceded by `strike`; tells how many there were."""
    seen = 0

    def counted(function: Any) -> Any:
        def call(*args: Any, **options: Any) -> Any:
            nonlocal seen
            seen += 1
            if seen == count:
                strike()
            return function(*args, **options)

        return call

    for owner, name in EVENTS:
        setattr(owner, name, counted(getattr(owner, name)))
    return lambda: seen


def killing_itself() -> None:
    """No handler runs, nothing is cleaned up."""
    os.kill(os.getpid(), signal.SIGKILL)


EXACT = (
    "metrics.jsonl", "health.jsonl", "own-answers.jsonl", "rollouts", "eval", "final", "check.json", "check-sft.json",
)  # fmt: skip
"""What of a run folder must be the same to the byte; times, owners and the log may differ."""


def contents(run: Path) -> dict[str, bytes]:
    """By path, everything that must be the same, the weights of the finished model included."""
    files = [path for name in EXACT for path in [run / name, *sorted((run / name).rglob("*"))] if path.is_file()]
    return {path.relative_to(run).as_posix(): path.read_bytes() for path in files}
