"""Read access to a run folder, for resume, chat, reports and the dashboard. Imports no torch."""

import json
from functools import cached_property
from pathlib import Path
from typing import Any

from whet.errors import UserError
from whet.eval.record import Record, parse_records
from whet.runs import jsonl, layout
from whet.runs.lock import read_owner
from whet.types import Problem


def is_run(path: Path) -> bool:
    """Whether `path` is a run folder."""
    return (path / layout.MANIFEST).is_file() and (path / layout.RECIPE).is_file()


class RunReader:
    """Reads one run's files. What the run has not written yet is empty or None; an unfinished last line is left out.

    Metrics, timings and findings are read incrementally: keep the reader and call again. Do not change their records.
    """

    def __init__(self, path: Path) -> None:
        """Raises `UserError` where `path` is not a run folder of a format that this version reads."""
        if not is_run(path):
            raise UserError(f"run: {path} is not a run folder; name one that `whet train` made")
        self.path = path
        self._tails: dict[str, jsonl.Tail] = {}
        found = self.manifest.get("format")
        if found != layout.FORMAT:
            reads = f"this version of Whet reads {layout.FORMAT}"
            raise UserError(f"run: {path} is of format {found}, {reads}; update Whet")

    @property
    def name(self) -> str:
        """The name of the run's folder."""
        return self.path.name

    @cached_property
    def manifest(self) -> dict[str, Any]:
        """The run's manifest: versions, machine, seeds, data and model."""
        return _read_object(self.path / layout.MANIFEST)

    @cached_property
    def recipe(self) -> str:
        """The text of the resolved recipe."""
        return (self.path / layout.RECIPE).read_text(encoding="utf-8")

    def metrics(self, phase: str = "grpo") -> list[dict[str, Any]]:
        """The metrics of a phase's steps (`grpo` or `sft`), in order."""
        return [line for line in self._lines(layout.METRICS) if line.get("phase") == phase]

    def timings(self, phase: str = "grpo") -> list[dict[str, Any]]:
        """The timings of a phase's steps (`grpo` or `sft`), in order."""
        return [line for line in self._lines(layout.TIMINGS) if line.get("phase") == phase]

    def findings(self) -> list[dict[str, Any]]:
        """The findings of the health monitor, in order; see docs/how-to/run-folder.md for the keys."""
        return list(self._lines(layout.HEALTH))

    def own_answers(self) -> list[Problem]:
        """The model's own answers that the warm start imitates, as problems; empty where it does not."""
        lines = jsonl.read(self.path / layout.OWN_ANSWERS)
        return [Problem(**{**line, "turns": tuple(line["turns"])}) for line in lines]

    def rollout_steps(self) -> list[int]:
        """The steps whose rollouts are on disk, in order."""
        files = (self.path / layout.ROLLOUTS).glob("step-*.jsonl")
        return sorted(layout.step_of_rollouts(path.name) for path in files)

    def rollouts(self, step: int) -> list[dict[str, Any]]:
        """The rollouts of `step`; see docs/how-to/run-folder.md for the keys. Empty where there are none."""
        return jsonl.read(self.path / layout.ROLLOUTS / layout.rollouts_name(step))

    def evaluations(self) -> dict[str, dict[str, Any]]:
        """Stage → summary of each finished evaluation, oldest first."""
        files = [p for p in (self.path / layout.EVALUATIONS).glob("*.json") if not p.name.startswith(".")]
        files.sort(key=lambda path: (path.stat().st_mtime_ns, path.name))
        return {path.stem: _read_object(path) for path in files}

    def records(self, stage: str) -> dict[str, Record]:
        """Problem id → record of the evaluation called `stage`. Empty where there is none.

        Raises `UserError` that names the line where one is not a record.
        """
        path = self.path / layout.EVALUATIONS / f"{stage}.jsonl"
        return parse_records(path.read_text(encoding="utf-8", errors="replace"), str(path)) if path.is_file() else {}

    def _lines(self, name: str) -> list[dict[str, Any]]:
        """The records of a growing file, each parsed once."""
        return self._tails.setdefault(name, jsonl.Tail(self.path / name)).read()

    def log(self) -> str:
        """The text of `train.log`."""
        path = self.path / layout.LOG
        return path.read_text(encoding="utf-8", errors="replace") if path.is_file() else ""

    @property
    def owner(self) -> dict[str, Any] | None:
        """`pid`, `host` and `since` of the process that last locked this run; None once it has released it."""
        return read_owner(self.path)

    @property
    def checkpoints(self) -> Path:
        """The folder of checkpoints: `checkpoints/step-N` are in it."""
        return self.path / layout.CHECKPOINTS

    @property
    def final(self) -> Path | None:
        """The folder of the finished model; None while there is none."""
        path = self.path / layout.FINAL
        return path if path.is_dir() else None

    @property
    def adapter(self) -> Path | None:
        """The folder of the finished model's adapters; None where none were trained, or while there are none."""
        path = self.path / layout.ADAPTER
        return path if path.is_dir() else None


def _read_object(path: Path) -> dict[str, Any]:
    try:
        found = json.loads(path.read_bytes())
    except (OSError, ValueError) as error:
        raise UserError(f"{path}: not readable JSON ({error}); restore the file") from error
    if not isinstance(found, dict):
        raise UserError(f"{path}: not a JSON object; restore the file")
    return found
