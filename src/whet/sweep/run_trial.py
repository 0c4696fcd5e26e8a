"""Runs a trial in a process of its own, `whet train` or `whet resume`, which is looked at from time to time."""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryFile
from typing import Any

from whet.compute.launch import LAUNCHER
from whet.errors import UserError
from whet.runs.lock import refuse_in_use
from whet.sweep.trial_places import Place


@dataclass(frozen=True)
class Ended:
    """How the process of a trial ended."""

    status: int
    said: str
    """The last line that it wrote to standard error."""


class Running:
    """The process of a trial: `whet` with arguments, which ends when this process does."""

    def __init__(self, arguments: Sequence[str], place: Place) -> None:
        """Starts it at a place."""
        self._place = place
        self._said = TemporaryFile()  # noqa: SIM115  (as long as the process); not beside the runs: that disk may be full
        self._ended: Ended | None = None
        self._interrupted = False
        self._process = subprocess.Popen(
            [sys.executable, "-P", *place.program, *arguments],
            env={**os.environ, **place.variables, LAUNCHER: str(os.getpid())},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=self._said,
            start_new_session=True,
        )

    def poll(self) -> Ended | None:
        """Returns how it ended; None while it runs."""
        status = self._process.poll()
        if status is not None and self._ended is None:
            with self._said:
                self._said.seek(0)
                self._ended = Ended(self._place.meaning(status), last_line(self._said.read()))
        return self._ended

    def interrupt(self) -> None:
        """Stops it as Ctrl-C does: it saves the step in hand. A second call does nothing."""
        if not self._interrupted:
            self._interrupted = True
            self._process.send_signal(signal.SIGINT)

    def wait(self) -> None:
        """Waits until it has ended."""
        self._process.wait()
        self.poll()


def train(sweep: Path, path: Path, recipe: Path, values: Mapping[str, Any], place: Place) -> Running:
    """Begins the trial of these values, with its run folder at `path`."""
    given = {"run.folder": str(sweep), "run.name": path.name, **values}
    words = [f"--{key}={word(value)}" for key, value in given.items()]
    return Running(["train", str(recipe), *words], place)


def word(value: Any) -> str:
    """Returns a value as it stands on a command line.

    >>> word("boxed"), word(None), word(2e-05), word([0.9, 0.95])
    ('boxed', 'null', '2e-05', '[0.9, 0.95]')
    """
    return value if isinstance(value, str) else json.dumps(value)


def resume(path: Path, place: Place) -> Running:
    """Goes on with the trial whose run folder is at `path`."""
    return Running(["resume", str(path)], place)


def is_in_use(path: Path) -> bool:
    """Whether a process writes to the run folder at `path`."""
    try:
        refuse_in_use(path)
    except UserError:
        return True
    return False


def last_line(said: bytes) -> str:
    r"""Returns the last line that `whet` has said, without its name; empty where it said nothing.

    >>> last_line(b"one\nwhet: two\n"), last_line(b"")
    ('two', '')
    """
    lines = said.decode("utf-8", errors="replace").strip().splitlines()
    return lines[-1].removeprefix("whet: ") if lines else ""
