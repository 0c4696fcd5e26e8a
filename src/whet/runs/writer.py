"""What a run leaves on disk while it goes: the role `Run` of the loop."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Self

from whet.errors import UserError
from whet.runs import jsonl, layout
from whet.runs.environment import environment
from whet.runs.lock import FolderLock
from whet.runs.naming import check_name, new_folder
from whet.runs.records import rollout_records
from whet.types import Group


class RunWriter:
    """Writes a run folder and owns it until `close`.

    A step counts as done once its line is in `metrics.jsonl`; its rollouts are on disk before that.
    """

    def __init__(self, path: Path, next_step: int = 0) -> None:
        """Takes over the run folder at `path`, which goes on at `next_step`: see `create` and `reopen`."""
        self.path = path
        self.next_step = next_step
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
        """A new run folder in `folder`, called `name` or, without one, `stem-001`, `stem-002`, …

        `recipe` is the text of the resolved recipe. `manifest` says what is known of seeds, data and model;
        versions and machine are added.

        Raises `UserError` where the folder exists, is in use or cannot be written.
        """
        run = cls(new_folder(folder, stem, name))
        run._begin_alone()
        created = datetime.now(UTC).isoformat(timespec="seconds")
        head = {"format": layout.FORMAT, "name": run.path.name, "created": created}
        jsonl.write_bytes(run.path / layout.RECIPE, recipe.encode("utf-8"))
        whole = jsonl.encode({**head, **manifest, **environment()}, indent=2)
        jsonl.write_bytes(run.path / layout.MANIFEST, whole + b"\n")
        return run

    @classmethod
    def reopen(cls, path: Path, next_step: int) -> Self:
        """The run at `path`, to go on at GRPO step `next_step`; what it wrote from there on is dropped.

        Raises `UserError` where there is no run or another process owns it.
        """
        if not (path / layout.MANIFEST).is_file():
            raise UserError(f"run: {path} is not a run folder; name one that `whet train` made")
        run = cls(path, next_step)
        run._drop_from(next_step)
        return run

    def steps(self, until: int) -> Iterable[int]:
        """The steps still to do: from where the run stopped up to `until`, excluded."""
        return range(self.next_step, until)

    def record(
        self,
        step: int,
        groups: Sequence[Group],
        advantages: Sequence[Sequence[float]],
        metrics: Mapping[str, float],
    ) -> None:
        """Writes every rollout of GRPO step `step`, then its metrics."""
        records = rollout_records(step, groups, advantages)
        jsonl.write(self.path / layout.ROLLOUTS / layout.rollouts_name(step), records)
        self.record_metrics("grpo", step, metrics)
        self.next_step = step + 1

    def record_metrics(self, phase: str, step: int, metrics: Mapping[str, float]) -> None:
        """Appends the metrics of one step of a phase, such as `sft`. The same run gives the same lines."""
        jsonl.append(self.path / layout.METRICS, {"phase": phase, "step": step, **metrics})

    def record_timings(self, phase: str, step: int, timings: Mapping[str, float]) -> None:
        """Appends how long a step took, and whatever else differs from run to run of one recipe."""
        now = datetime.now(UTC).isoformat(timespec="milliseconds")
        jsonl.append(self.path / layout.TIMINGS, {"phase": phase, "step": step, "at": now, **timings})

    def record_finding(self, finding: Mapping[str, Any]) -> None:
        """Appends what was found wrong with the run: see docs/how-to/run-folder.md for the keys."""
        jsonl.append(self.path / layout.HEALTH, finding)

    def record_evaluation(self, stage: str, records: Iterable[Mapping[str, Any]], summary: Mapping[str, Any]) -> None:
        """Writes a measurement: a record per problem and a summary, which marks it as complete.

        `stage` names it, such as `base`, `sft`, `step-000100` or `final`.
        """
        folder = self.path / layout.EVALUATIONS
        jsonl.write(folder / f"{check_name(stage)}.jsonl", records)
        jsonl.write_bytes(folder / f"{stage}.json", jsonl.encode(summary, indent=2) + b"\n")

    def record_check(self, stage: str, report: Mapping[str, Any]) -> None:
        """Writes what a check found: `check.json`, and `check-<stage>.json` for one after a stage."""
        name = f"check-{check_name(stage)}.json" if stage else layout.CHECK
        jsonl.write_bytes(self.path / name, jsonl.encode(report, indent=2) + b"\n")

    def log(self, text: str) -> None:
        """Adds a line with the time to `train.log`."""
        now = datetime.now(UTC).isoformat(timespec="seconds")
        line = f"{now} {text}\n".encode("utf-8", errors="backslashreplace")
        with (self.path / layout.LOG).open("ab") as file:
            file.write(line)

    @property
    def checkpoints(self) -> Path:
        """Where checkpoints go: `checkpoints/step-N`."""
        return self.path / layout.CHECKPOINTS

    @property
    def final(self) -> Path:
        """Where the finished model goes."""
        return self.path / layout.FINAL

    def close(self) -> None:
        """Gives the folder up. May be called again."""
        self._lock.release()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _begin_alone(self) -> None:
        """Gives up a folder in which another run began and ended since its name was found free."""
        others = {path.name for path in self.path.iterdir()} - {layout.LOCK, layout.OWNER}
        if others:
            self.close()
            raise UserError(f"run.name: {self.path} exists; choose another name")

    def _drop_from(self, step: int) -> None:
        """Forgets GRPO steps from `step` on, half-written lines and unfinished files."""
        for name in (layout.METRICS, layout.TIMINGS, layout.HEALTH):
            path = self.path / name
            if path.is_file():
                lines = jsonl.read(path)
                jsonl.write(path, [one for one in lines if one.get("phase", "grpo") != "grpo" or one["step"] < step])
        for path in (self.path / layout.ROLLOUTS).glob("step-*.jsonl"):
            if layout.step_of_rollouts(path.name) >= step:
                path.unlink()
        for leftover in [*self.path.glob(".*.tmp"), *self.path.glob("*/.*.tmp")]:
            if leftover.is_file():
                leftover.unlink()
