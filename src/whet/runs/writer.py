"""Writes a run folder: recipe, manifest, rollouts, metrics, evaluations and log. Implements the protocol `Run`."""

import json
import sys
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import asdict, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Self

from whet.errors import UserError
from whet.files import remove_folder, sha256_of, write_bytes
from whet.redact import redact
from whet.runs import jsonl, layout
from whet.runs.environment import environment
from whet.runs.lock import FolderLock
from whet.runs.naming import check_name, is_taken, new_folder
from whet.runs.phase_record import record_phases
from whet.runs.records import rollout_records
from whet.types import Group, Problem, TokenColumns

Listener = Callable[[str, int, Mapping[str, Any]], None]
"""Called with the phase (`sft`, `grpo`; `eval` for an evaluation), the step, and the metrics by name."""


class RunWriter:
    """Writes a run folder, and holds its lock until `close`.

    A step is done once its line is in `metrics.jsonl`; its rollouts are on disk before that.
    """

    writes = True
    """Whether this process writes to the folder: of several that share a run, one does."""

    def __init__(self, path: Path) -> None:
        """Locks the run folder at `path`; see `create` and `reopen`."""
        self.path = path
        self.next_step = 0
        self.listeners: list[Listener] = []
        """Called with metrics once they are on disk."""
        self._lock = FolderLock(path)

    @classmethod
    def create(
        cls,
        folder: Path,
        recipe: str,
        manifest: Mapping[str, Any],
        stem: str = "run",
        name: str | None = None,
    ) -> Self:
        """Creates a run folder in `folder`, called `name` or, without one, `stem-001`, `stem-002`, …

        `recipe` is the text of the resolved recipe. `manifest` holds seeds, data and model; versions and machine
        are added.

        Raises `UserError` where the folder exists, is in use or cannot be written.
        """
        run = cls(new_folder(folder, stem, name))
        run._refuse_taken()
        created = datetime.now(UTC).isoformat(timespec="seconds")
        head = {"format": layout.FORMAT, "name": run.path.name, "created": created}
        run.record_recipe(recipe)
        run._write_manifest({**head, **manifest, **environment()})
        return run

    @classmethod
    def reopen(cls, path: Path) -> Self:
        """Opens the run at `path`; call `rewind` to set the step to continue at.

        Raises `UserError` where there is no run or another process holds its lock.
        """
        if not (path / layout.MANIFEST).is_file():
            raise UserError(f"run: {path} is not a run folder; name one that `whet train` made")
        return cls(path)

    def rewind(self, next_step: int, warm_steps: int | None = None) -> None:
        """Removes everything written from GRPO step `next_step` on, unfinished lines and temporary files included, and
        of the warm start what came after its first `warm_steps`; the run continues at that step. Models of checkpoints
        that will be made again go too."""
        self.next_step = next_step
        done = {"grpo": next_step, "sft": sys.maxsize if warm_steps is None else warm_steps}
        for name in (layout.METRICS, layout.TIMINGS, layout.HEALTH):
            if (path := self.path / name).is_file():
                jsonl.write(path, [line for line in jsonl.read(path) if line["step"] < done[line.get("phase", "grpo")]])
        for path in (self.path / layout.ROLLOUTS).glob("step-*.jsonl"):
            if layout.step_of_rollouts(path.name) >= self.next_step:
                path.unlink()
        for path in sorted((self.path / layout.EVALUATIONS).glob("step-*.json*")):  # the summary, then its records
            if layout.step_of_rollouts(path.stem) > self.next_step:
                path.unlink()
        for model in (self.path / layout.MODELS).glob("step-*"):
            if layout.step_of_rollouts(model.name) > self.next_step:
                remove_folder(model)
        for leftover in [*self.path.glob(".*.tmp"), *self.path.glob("*/.*.tmp")]:
            if leftover.is_file():
                leftover.unlink()

    def steps(self, until: int) -> Iterable[int]:
        """Returns the steps still to do: from where the run stopped up to `until`, excluded."""
        return range(self.next_step, until)

    def record(
        self,
        step: int,
        groups: Sequence[Group],
        advantages: Sequence[Sequence[float]],
        metrics: Mapping[str, float],
        columns: Callable[[], TokenColumns] = dict,
    ) -> None:
        """Writes every rollout of GRPO step `step`, then its metrics. `columns` is called for those of its tokens."""
        records = rollout_records(step, groups, advantages, columns())
        jsonl.write(self.path / layout.ROLLOUTS / layout.rollouts_name(step), records)
        self.record_metrics("grpo", step, metrics)
        self.next_step = step + 1

    def record_recipe(self, recipe: str) -> None:
        """Writes the text of the resolved recipe, replacing the one before; the manifest keeps its digest."""
        write_bytes(self.path / layout.RECIPE, redact(recipe).encode("utf-8"))
        if (path := self.path / layout.MANIFEST).is_file():
            self._write_manifest(json.loads(path.read_bytes()))

    def _write_manifest(self, manifest: Mapping[str, Any]) -> None:
        whole = {**manifest, "recipe_sha256": sha256_of(self.path / layout.RECIPE)}
        write_bytes(self.path / layout.MANIFEST, jsonl.encode(whole, indent=2) + b"\n")

    def record_metrics(self, phase: str, step: int, metrics: Mapping[str, float]) -> None:
        """Appends the metrics of one step of a phase, such as `sft`. The same recipe gives the same lines."""
        jsonl.append(self.path / layout.METRICS, {"phase": phase, "step": step, **metrics})
        self._notify(phase, step, metrics)

    def record_timings(self, phase: str, step: int, timings: Mapping[str, float]) -> None:
        """Appends the timings of a step, and whatever else differs from run to run of one recipe."""
        now = datetime.now(UTC).isoformat(timespec="milliseconds")
        jsonl.append(self.path / layout.TIMINGS, {"phase": phase, "step": step, "at": now, **timings})
        self._notify(phase, step, timings)

    def record_own_answers(self, problems: Iterable[Problem]) -> None:
        """Writes the model's own answers that the warm start imitates: problems with their solutions and answers."""
        jsonl.write(
            self.path / layout.OWN_ANSWERS, [asdict(replace(problem, columns={}, taken={})) for problem in problems]
        )

    def record_finding(self, finding: Mapping[str, Any]) -> None:
        """Appends a finding of the health monitor: see docs/how-to/run-folder.md for the keys."""
        jsonl.append(self.path / layout.HEALTH, finding)

    def record_evaluation(self, stage: str, records: Iterable[Mapping[str, Any]], summary: Mapping[str, Any]) -> None:
        """Writes an evaluation: a record per problem, then a summary, which marks it as complete.

        `stage` names it, such as `base`, `sft`, `step-000100` or `final`.
        """
        folder = self.path / layout.EVALUATIONS
        jsonl.write(folder / f"{check_name(stage)}.jsonl", records)
        write_bytes(folder / f"{stage}.json", jsonl.encode(summary, indent=2) + b"\n")
        self._notify("eval", self.next_step, summary)

    def record_check(self, stage: str, report: Mapping[str, Any]) -> None:
        """Writes the report of a check: `check.json`, or `check-<stage>.json` for one after a stage."""
        name = f"check-{check_name(stage)}.json" if stage else layout.CHECK
        write_bytes(self.path / name, jsonl.encode(report, indent=2) + b"\n")

    def record_phases(self, spent: Sequence[tuple[str, float]], peak: int | None) -> None:
        """Adds the seconds of this process's phases, by name and in order, and its peak of memory in bytes."""
        record_phases(self.path, spent, peak)

    def log(self, text: str) -> None:
        """Appends a line with the time to `train.log`, secrets redacted."""
        now = datetime.now(UTC).isoformat(timespec="seconds")
        line = f"{now} {redact(text)}\n".encode("utf-8", errors="backslashreplace")
        with (self.path / layout.LOG).open("ab") as file:
            file.write(line)

    @property
    def checkpoints(self) -> Path:
        """The folder for checkpoints `step-N`."""
        return self.path / layout.CHECKPOINTS

    @property
    def warm_checkpoints(self) -> Path:
        """The folder for checkpoints of the warm start, until it is done: `checkpoints/sft/step-N`."""
        return self.checkpoints / layout.WARM_CHECKPOINTS

    @property
    def final(self) -> Path:
        """The folder for the finished model."""
        return self.path / layout.FINAL

    @property
    def adapter(self) -> Path:
        """The folder for the finished model's adapters, where some were trained."""
        return self.path / layout.ADAPTER

    def close(self) -> None:
        """Releases the lock of the folder. May be called again."""
        self._lock.release()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _refuse_taken(self) -> None:
        """Raises `UserError` where another run began and ended here between `new_folder` and the lock."""
        if is_taken(self.path):
            self.close()
            raise UserError(f"run.name: {self.path} exists; choose another name")

    def _notify(self, phase: str, step: int, figures: Mapping[str, Any]) -> None:
        for listener in self.listeners:
            listener(phase, step, figures)
