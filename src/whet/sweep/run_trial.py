"""Runs a trial in a process of its own, `whet train` or `whet resume`, and watches its folder."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

from whet.compute.launch import LAUNCHER
from whet.errors import UserError
from whet.runs.lock import refuse_in_use

EVERY = 0.5
"""Seconds between two looks at a trial."""


@dataclass(frozen=True)
class Ended:
    """How the process of a trial ended."""

    status: int
    said: str
    """The last line that it wrote to standard error."""


def train(sweep: Path, path: Path, recipe: Path, values: Mapping[str, Any], is_hopeless: Callable[[], bool]) -> Ended:
    """Begins the trial of these values, with its run folder at `path`."""
    given = {"run.folder": str(sweep), "run.name": path.name, **values}
    words = [f"--{key}={word(value)}" for key, value in given.items()]
    return _watched(["train", str(recipe), *words], sweep, is_hopeless)


def word(value: Any) -> str:
    """Returns a value as it stands on a command line.

    >>> word("boxed"), word(None), word(2e-05), word([0.9, 0.95])
    ('boxed', 'null', '2e-05', '[0.9, 0.95]')
    """
    return value if isinstance(value, str) else json.dumps(value)


def resume(sweep: Path, path: Path, is_hopeless: Callable[[], bool]) -> Ended:
    """Goes on with the trial whose run folder is at `path`, once a process that still writes to it has ended."""
    while is_in_use(path):
        time.sleep(EVERY)
    return _watched(["resume", str(path)], sweep, is_hopeless)


def is_in_use(path: Path) -> bool:
    """Whether a process writes to the run folder at `path`."""
    try:
        refuse_in_use(path)
    except UserError:
        return True
    return False


def _watched(arguments: list[str], sweep: Path, is_hopeless: Callable[[], bool]) -> Ended:
    """Runs `whet`; stops it, as Ctrl-C does, once it is hopeless or this process is interrupted."""
    with (sweep / ".said.tmp").open("w+b") as said:
        started = subprocess.Popen(
            [sys.executable, "-m", "whet", *arguments],
            env={**os.environ, LAUNCHER: str(os.getpid())},  # so that it does not outlive the sweep
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=said,
            start_new_session=True,
        )
        try:
            _wait(started, is_hopeless)
        except BaseException:
            started.send_signal(signal.SIGINT)
            started.wait()
            raise
        return Ended(started.returncode, _last_line(said))


def _wait(started: "subprocess.Popen[bytes]", is_hopeless: Callable[[], bool]) -> None:
    stopped = False
    while started.poll() is None:
        if not stopped and is_hopeless():
            stopped = True
            started.send_signal(signal.SIGINT)
        time.sleep(EVERY)


def _last_line(said: IO[bytes]) -> str:
    said.seek(0)
    lines = said.read().decode("utf-8", errors="replace").strip().splitlines()
    return lines[-1].removeprefix("whet: ") if lines else ""
