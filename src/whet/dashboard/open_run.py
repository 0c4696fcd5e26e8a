"""One run, opened for reading: its figures in columns, its index, its recipe and its evaluations, each read once."""

import json
from functools import cached_property
from pathlib import Path
from threading import Lock
from typing import Any

from whet.dashboard.index_keeper import IndexKeeper
from whet.dashboard.recipe_tree import recipe_tree
from whet.dashboard.token_texts import TokenTexts
from whet.errors import UserError
from whet.eval.record import Record
from whet.formats import ResponseFormat, build_format
from whet.runs import layout
from whet.runs.figure_columns import Columns
from whet.runs.index.judge_rollout import Judge, judge_by
from whet.runs.index.step_file import Line, lines_of
from whet.runs.log_times import logged_seconds
from whet.runs.reader import RunReader

Changed = tuple[int, int]
"""When a file or folder was changed, in nanoseconds, and its size."""

KEPT = 4
"""Evaluations whose records are kept in memory."""


class OpenRun:
    """A run folder opened for reading. Threads may share it. Raises `UserError` where it is not readable."""

    def __init__(self, path: Path, id: str | None = None) -> None:
        self.path, self.id = path, id or path.name
        refuse_links(path)
        self.reader = RunReader(path)
        self._metrics, self._timings = Columns(path / layout.METRICS), Columns(path / layout.TIMINGS)
        self.index = IndexKeeper(path, lambda: self.judge)
        self._evaluations: tuple[Changed, dict[str, dict[str, Any]]] = ((0, 0), {})
        self._logged: tuple[Changed, float | None] = ((0, 0), None)
        self._records: dict[tuple[str, int, int], dict[str, Record]] = {}
        self._lock = Lock()

    @property
    def metrics(self) -> Columns:
        """The figures of metrics.jsonl, with what was added."""
        self._metrics.refresh()
        return self._metrics

    @property
    def timings(self) -> Columns:
        """The figures of timings.jsonl, with what was added."""
        self._timings.refresh()
        return self._timings

    @property
    def tree(self) -> dict[str, Any]:
        """The resolved recipe as a tree; empty where it cannot be read."""
        return recipe_tree(self.path)

    @cached_property
    def response_format(self) -> ResponseFormat | None:
        """The format of the run's responses; None where this version of Whet does not know it."""
        from whet.config import FormatConfig

        try:
            return build_format(FormatConfig.model_validate(self.tree.get("format") or {}))
        except (ValueError, UserError):
            return None

    @cached_property
    def judge(self) -> Judge:
        """Tells right rollouts and their answers."""
        from whet.rewards.registry import CORRECTNESS

        return judge_by(self.response_format, CORRECTNESS)

    @cached_property
    def tokens(self) -> TokenTexts:
        """The texts of token ids."""
        model = self.tree.get("model")
        name = model.get("name") if isinstance(model, dict) else model
        return TokenTexts(self.path, str(name or ""))

    def evaluations(self) -> dict[str, dict[str, Any]]:
        """Stage → summary of each finished evaluation, oldest first; one that cannot be read is left out."""
        folder = self.path / layout.EVALUATIONS
        changed = _changed(folder)
        if self._evaluations[0] != changed:
            files = [path for path in folder.glob("*.json") if not path.name.startswith(".")]
            files.sort(key=lambda path: (_changed(path)[0], path.name))
            found = {path.stem: summary for path in files if (summary := _object(path)) is not None}
            self._evaluations = (changed, found)
        return self._evaluations[1]

    def logged_seconds(self) -> float | None:
        """Seconds that the run took by its log; None where that does not say."""
        changed = _changed(self.path / layout.LOG)
        if self._logged[0] != changed:
            self._logged = (changed, logged_seconds(self.path / layout.LOG))
        return self._logged[1]

    def records(self, stage: str) -> dict[str, Record]:
        """Problem id → record of a stage that `evaluations` lists; empty for any other, or one that cannot be read."""
        if stage not in self.evaluations():
            return {}
        status = (self.path / layout.EVALUATIONS / f"{stage}.jsonl").stat()
        key = (stage, status.st_mtime_ns, status.st_size)
        with self._lock:
            if key not in self._records:
                self._records[key] = self._read_records(stage)
                while len(self._records) > KEPT:
                    del self._records[next(iter(self._records))]
            return self._records[key]

    def _read_records(self, stage: str) -> dict[str, Record]:
        try:
            return self.reader.records(stage)
        except UserError:
            return {}

    def step_lines(self, step: int) -> list[Line] | None:
        """The rollouts of `step` as their lines stand, straight from the file; None where there is none."""
        path = self.path / layout.ROLLOUTS / layout.rollouts_name(step)
        try:
            return None if path.is_symlink() else list(lines_of(path.read_bytes()))
        except OSError:
            return None


def _object(path: Path) -> dict[str, Any] | None:
    """The JSON object in a file; None where there is none."""
    try:
        found = json.loads(path.read_bytes())
    except (OSError, ValueError):
        return None
    return found if isinstance(found, dict) else None


def _changed(path: Path) -> Changed:
    try:
        status = path.stat()
    except OSError:
        return (0, 0)
    return status.st_mtime_ns, status.st_size


def open_run(path: Path) -> OpenRun:
    """Opens the run in the folder `path`. Raises `UserError` where it is not a run that this version reads."""
    return OpenRun(path)


def refuse_links(path: Path) -> None:
    """Raises `UserError` where something in a run folder is a link that leads out of it."""
    inside = [*path.glob("*"), *(path / layout.EVALUATIONS).glob("*")]
    home = path.resolve()
    for entry in inside:
        if entry.is_symlink() and home not in entry.resolve().parents:
            raise UserError(f"run: {entry} is a link that leads out of the run folder; replace it by what it links to")
