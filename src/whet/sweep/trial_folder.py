"""A trial of a sweep as its run folder tells it: its values, how far it is, and how well it does."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

from whet.recipe import load_recipe
from whet.runs import layout
from whet.runs.reader import RunReader, is_run
from whet.stages.run_result import FINAL
from whet.sweep.space import Space

State = Literal["finished", "half", "pruned", "failed"]

PREFIX = "trial-"


@dataclass(frozen=True)
class Trial:
    """One trial: a run of the recipe with values of its own."""

    number: int
    path: Path
    values: Mapping[str, Any]
    state: State
    accuracy: float | None = None
    """Held-out, of the finished model; between 0 and 1."""
    interval: tuple[float, float] | None = None
    """95 %, of that accuracy."""
    between: Mapping[int, float] = field(default_factory=dict)
    """By step, the held-out accuracy of evaluations during training."""
    why: str = ""
    """For a failed trial, what it said; for a finished one, why it does not compete with the others."""
    problems: frozenset[str] = frozenset()
    """The ids of the held-out problems that its accuracy is of."""


def folder_of(sweep: Path, number: int) -> Path:
    """Returns the run folder of a trial.

    >>> folder_of(Path("sweeps/one"), 7).as_posix()
    'sweeps/one/trial-007'
    """
    return sweep / f"{PREFIX}{number:03d}"


def read_trial(sweep: Path, number: int, space: Space, verdicts: Mapping[int, Mapping[str, Any]]) -> Trial | None:
    """Reads a trial from its folder; None where it has not begun, or was killed before its folder was a run's.

    `verdicts` holds, by number, what the sweep has decided of trials that will not be finished.
    """
    path = folder_of(sweep, number)
    verdict = verdicts.get(number, {})
    if not is_run(path):
        return _without_folder(number, path, verdict) if verdict else None
    reader = RunReader(path)
    values = space.values_of(load_recipe(path / layout.RECIPE))
    made = reader.evaluations()
    between = {
        layout.step_of_rollouts(stage): found["accuracy"] for stage, found in made.items() if stage.startswith("step-")
    }
    if verdict:
        return Trial(number, path, values, verdict["state"], between=between, why=verdict.get("why", ""))
    if reader.final and FINAL in made:
        last, problems = made[FINAL], frozenset(reader.records(FINAL))
        accuracy, interval = last["accuracy"], tuple(last["accuracy_interval"])
        return Trial(number, path, values, "finished", accuracy, interval, between, problems=problems)
    return Trial(number, path, values, "half", between=between)


def _without_folder(number: int, path: Path, verdict: Mapping[str, Any]) -> Trial:
    """A trial that failed before it had a run folder."""
    return Trial(number, path, verdict.get("values", {}), verdict["state"], why=verdict.get("why", ""))
