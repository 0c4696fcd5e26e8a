"""Keyword arguments that TRL passes to reward functions beside the data: the trainer's state and two loggers."""

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from math import isfinite
from typing import Any


@dataclass(frozen=True, slots=True)
class TrainerState:
    """The part of TRL's trainer state that reward functions may read."""

    global_step: int


class Logs:
    """Collects what reward functions log while a step is graded."""

    def __init__(self) -> None:
        self.extra: dict[tuple[str, str], list[Any]] = {}
        """Through `log_extra(column, values)`: one value for each rollout, by function and column."""
        self.values: defaultdict[str, list[float]] = defaultdict(list)
        """By name, every value passed to `log_metric`."""

    def log_metric(self, name: str, value: float) -> None:
        """Adds a value to those whose mean is reported under `name`."""
        self.values[name].append(float(value))

    def log_extra(self, function: str, column: str, values: Sequence[Any]) -> None:
        """Keeps one value for each rollout; what JSON does not carry, as text."""
        self.extra[function, str(column)] = [plain(value) for value in values]

    def extra_of(self, count: int) -> list[dict[str, Any]]:
        """What was noted of each of `count` rollouts, by column; `function/column` where functions share its name.

        Columns of another length belong to no rollout and are left out.
        """
        columns = {key: values for key, values in sorted(self.extra.items()) if len(values) == count}
        uses = Counter(column for _, column in columns)
        named = {c if uses[c] == 1 else f"{f}/{c}": values for (f, c), values in columns.items()}
        return [{name: values[index] for name, values in named.items()} for index in range(count)]

    def keywords(self, step: int, function: str = "") -> Mapping[str, Any]:
        """The keywords of a reward call that are no data."""
        return {
            "trainer_state": TrainerState(step),
            "log_metric": self.log_metric,
            "log_extra": partial(self.log_extra, function),
        }


def plain(value: Any) -> Any:
    """What JSON carries, as it is, and anything else as text.

    >>> plain("a"), plain(2.5), plain({3}), plain(1 << 80), plain(float("inf"))
    ('a', 2.5, '{3}', '1208925819614629174706176', 'inf')
    """
    if isinstance(value, float):
        return value if isfinite(value) else str(value)
    is_plain = value is None or isinstance(value, str) or (isinstance(value, int) and abs(value) < 1 << 63)
    return value if is_plain else str(value)
