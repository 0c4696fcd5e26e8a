"""Keyword arguments that TRL passes to reward functions beside the data: the trainer's state and two loggers."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class TrainerState:
    """The part of TRL's trainer state that reward functions may read."""

    global_step: int


class Logs:
    """Collects what reward functions log while a step is graded."""

    def __init__(self) -> None:
        self.extra: dict[str, list[Any]] = {}
        """By column, one value for each rollout, as passed to `log_extra`."""
        self.values: defaultdict[str, list[float]] = defaultdict(list)
        """By name, every value passed to `log_metric`."""

    def log_metric(self, name: str, value: float) -> None:
        """Adds a value to those whose mean is reported under `name`."""
        self.values[name].append(float(value))

    def log_extra(self, column: str, values: Sequence[Any]) -> None:
        """Stores a column of one value for each rollout."""
        self.extra[column] = list(values)

    def keywords(self, step: int) -> Mapping[str, Any]:
        """The keyword arguments of a reward call at `step` that are no data."""
        return {
            "trainer_state": TrainerState(step),
            "log_metric": self.log_metric,
            "log_extra": self.log_extra,
        }
