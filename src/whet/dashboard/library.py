"""The runs below one folder, by id. An id is only ever looked up among those that a listing found."""

import os
import time
from collections import OrderedDict
from collections.abc import Iterator
from pathlib import Path
from threading import Lock

from whet.dashboard.open_run import OpenRun
from whet.dashboard.rows.missing import MissingError
from whet.errors import UserError
from whet.runs.reader import is_run

DEEPEST = 3
"""Folders between the root and a run at most: a sweep's folder, a group of sweeps."""

FRESH = 1.0
"""Seconds for which a listing is used again."""

OPEN = 12
"""Runs that are kept open at most."""


class Library:
    """Lists and opens the runs in a folder; the folder may be a run itself. Threads may share it."""

    def __init__(self, root: Path) -> None:
        """Raises `UserError` where there is no such folder."""
        if not root.is_dir():
            raise UserError(f"runs: there is no folder {root}; name the folder that runs lie in")
        self.root = root
        self._listed: tuple[float, dict[str, Path]] = (float("-inf"), {})
        self._open: OrderedDict[str, OpenRun] = OrderedDict()
        self._lock = Lock()

    def listing(self) -> dict[str, Path]:
        """The folders of all runs by id: their path below the root, or their name where the root is the run."""
        with self._lock:
            if time.monotonic() - self._listed[0] >= FRESH:
                self._listed = (time.monotonic(), self._found())
            return self._listed[1]

    def open(self, id: str) -> OpenRun:
        """Opens the run called `id`. Raises `MissingError` where no listing has it, and `UserError` as `OpenRun`."""
        path = self.listing().get(id)
        if path is None:
            raise MissingError(f"run: there is no run called {id[:100]!r} here")
        with self._lock:
            if id not in self._open:
                self._open[id] = OpenRun(path, id)
            self._open.move_to_end(id)
            while len(self._open) > OPEN:
                self._open.popitem(last=False)[1].index.close()
            return self._open[id]

    def close(self) -> None:
        """Ends what works on indices of runs."""
        with self._lock:
            for run in self._open.values():
                run.index.close()

    def _found(self) -> dict[str, Path]:
        if is_run(self.root):
            return {self.root.resolve().name: self.root}
        home = self.root.resolve()
        return {path.relative_to(self.root).as_posix(): path for path in _runs_in(self.root, home, DEEPEST)}


def _runs_in(folder: Path, home: Path, depth: int) -> Iterator[Path]:
    """Yields the runs below `folder`; links that lead out of `home` and hidden folders are left out."""
    try:
        with os.scandir(folder) as entries:
            names = sorted(entry.name for entry in entries if entry.is_dir() and not entry.name.startswith("."))
    except OSError:
        return
    for name in names:
        path = folder / name
        if path.is_symlink() and home not in path.resolve().parents:
            continue
        if is_run(path):
            yield path
        elif depth > 1:
            yield from _runs_in(path, home, depth - 1)
