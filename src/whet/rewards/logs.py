"""What functions written for TRL may ask for beside the data: the trainer's state and two loggers."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class TrainerState:
    """As much of a trainer's state as a reward may ask for."""

    global_step: int


class Logs:
    """What reward functions log while a step is graded."""

    def __init__(self) -> None:
        self.extra: dict[str, list[Any]] = {}
        """Through `log_extra(column, values)`: one value for each rollout, by column."""
        self.values: defaultdict[str, list[float]] = defaultdict(list)
        """Through `log_metric(name, value)`: every value, by name."""

    def log_metric(self, name: str, value: float) -> None:
        """Adds a value to the mean that is reported under `name`."""
        self.values[name].append(float(value))

    def log_extra(self, column: str, values: Sequence[Any]) -> None:
        """Keeps one value for each rollout."""
        self.extra[column] = list(values)

    def extra_of(self, count: int) -> list[dict[str, Any]]:
        """What was noted of each of `count` rollouts; columns of another length belong to none."""
        columns = {name: values for name, values in self.extra.items() if len(values) == count}
        return [{name: values[index] for name, values in columns.items()} for index in range(count)]

    def keywords(self, step: int) -> Mapping[str, Any]:
        """The keywords of a reward call that are no data."""
        return {
            "trainer_state": TrainerState(step),
            "log_metric": self.log_metric,
            "log_extra": self.log_extra,
        }
