"""Keeps the rollout index of a run up to date: a few steps at once in place, many in a process of low priority."""

import hashlib
import os
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from threading import Lock

from whet.dashboard.rows.shares import Row
from whet.errors import UserError
from whet.models.cache import cache_folder
from whet.runs import layout
from whet.runs.index.fill import Progress, fill, progress
from whet.runs.index.judge_rollout import Judge
from whet.runs.index.schema import open_to_read

IN_PLACE = 8
"""Steps that are indexed while the request waits; more are left to a process of their own."""

LOOK = 1.0
"""Seconds between two looks at the files of rollouts: with many steps a look is not free."""

RARELY = 30.0
"""Seconds between two looks where everything is indexed and no file has come or gone."""


class IndexKeeper:
    """The rollout index of one run."""

    def __init__(self, folder: Path, judge: Callable[[], Judge]) -> None:
        self.folder, self.path = folder, place_of(folder)
        self._judge, self._lock = judge, Lock()
        self._seen: tuple[float, int, Progress] | None = None
        self._builder: subprocess.Popen[bytes] | None = None
        self._fault: str | None = None
        self._checked = False

    def refresh(self) -> Row:
        """Goes on with indexing what is stale; returns how far it has got: `steps`, `of`, `whole`, `fault`."""
        with self._lock:
            found = self._progress()
            if not found.whole and not self._is_building():
                found = self._advance(found)
            return {"steps": found.steps, "of": found.of, "whole": found.whole, "fault": self._fault}

    def build(self) -> Row:
        """Indexes everything that is stale, in this process; returns as `refresh`."""
        with self._lock:
            found = self._fill(float("inf")) or self._progress()
            return {"steps": found.steps, "of": found.of, "whole": found.whole, "fault": self._fault}

    @contextmanager
    def reading(self) -> Iterator[sqlite3.Connection | None]:
        """Opens the index as far as it has got; None where there is none."""
        connection = open_to_read(self.path)
        if connection is None:
            yield None
            return
        try:
            with closing(connection):
                yield connection
        except sqlite3.DatabaseError as error:
            self._checked, self._seen = False, None
            raise UserError(f"index: {self.path} is damaged; it is built again, ask once more") from error

    def close(self) -> None:
        """Ends a process that builds the index; what it has done stays."""
        with self._lock:
            if self._builder is not None and self._builder.poll() is None:
                self._builder.terminate()
                self._builder.wait()
            self._builder = None

    def _progress(self) -> Progress:
        now, changed = time.monotonic(), self._changed()
        if self._seen is not None:
            at, then, found = self._seen
            if now - at < (RARELY if found.whole and changed == then else LOOK):
                return found
        found = progress(self.folder, self.path)
        self._seen = (now, changed, found)
        return found

    def _changed(self) -> int:
        """When a file of rollouts last came or went, in nanoseconds; 0 where there are none."""
        try:
            return (self.folder / layout.ROLLOUTS).stat().st_mtime_ns
        except OSError:
            return 0

    def _is_building(self) -> bool:
        return self._builder is not None and self._builder.poll() is None

    def _advance(self, found: Progress) -> Progress:
        if len(found.stale) + len(found.gone) <= IN_PLACE:
            return self._fill(1.0) or found
        ended = self._builder
        if ended is not None and ended.returncode not in (0, None):
            self._fault = f"the index of rollouts cannot be built in {self.path.parent}; make room there"
            return found
        self._builder = subprocess.Popen(
            [sys.executable, "-P", "-m", "whet.dashboard.build_index", str(self.folder)],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        return found

    def _fill(self, seconds: float) -> Progress | None:
        try:
            found = fill(self.folder, self.path, self._judge(), seconds, check=not self._checked)
        except (OSError, sqlite3.Error) as error:
            self._fault = f"the index of rollouts cannot be written to {self.path.parent} ({error})"
            return None
        self._fault, self._checked, self._seen = None, True, (time.monotonic(), self._changed(), found)
        return found


def place_of(folder: Path) -> Path:
    """Where the index of a run lies: `.cache/index.sqlite` in its folder, or, where that cannot be written, in the
    user's cache folder."""
    if os.access(folder, os.W_OK):
        return folder / ".cache" / "index.sqlite"
    digest = hashlib.sha256(str(folder.resolve()).encode("utf-8", "surrogateescape")).hexdigest()[:16]
    return cache_folder() / "index" / f"{folder.name}-{digest}.sqlite"
