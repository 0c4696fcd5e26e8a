"""The metrics of a run so far, in bounded memory: first and latest values, levels between, evaluations."""

from collections import deque
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import fsum, isfinite, sqrt
from statistics import fmean

WINDOW = 10
"""Steps averaged into one level."""

WIDE = 20
"""Steps averaged for rewards: at 128 rollouts the reward of one step has an error of ±0.07."""

LEVELS = 64
"""The most levels kept; beyond, every second one is dropped."""

LEAST = 3
"""The least steps on either side of a comparison of two levels."""

NOISE = 2.0
"""Standard errors within which two levels count as equal."""


@dataclass(frozen=True, slots=True)
class Change:
    """The change of a metric between two levels."""

    before: float
    now: float
    error: float
    """Standard error of the difference, from the spread of steps within each level."""

    def rose(self, least: float = 0.02) -> bool:
        """Whether it rose by more than noise, and by at least `least`."""
        return self.now - self.before >= max(least, NOISE * self.error)


def change(before: Sequence[float], now: Sequence[float]) -> Change | None:
    """The change between two levels; None where either has fewer than `LEAST` steps.

    >>> change([0.2, 0.3, 0.4], [0.5, 0.6, 0.7]).rose()
    True
    """
    if min(len(before), len(now)) < LEAST:
        return None
    error = sqrt(_variance(before) / len(before) + _variance(now) / len(now))
    return Change(fmean(before), fmean(now), error)


def _variance(values: Sequence[float]) -> float:
    """Sample variance (n − 1); faster than `statistics.variance`, since it is computed at every step."""
    mean = fmean(values)
    return fsum((value - mean) ** 2 for value in values) / (len(values) - 1)


class Series:
    """One metric over the steps: its first and latest `WIDE` values and levels between, however long the run."""

    def __init__(self) -> None:
        self.count = 0
        self.first: list[float] = []
        self.latest: deque[float] = deque(maxlen=WIDE)
        self.levels: list[float] = []
        """Means of `WINDOW` steps each, in order."""
        self._stride = WINDOW

    def add(self, value: float) -> None:
        """Adds the value of one step."""
        self.count += 1
        self.latest.append(value)
        if len(self.first) < WIDE:
            self.first.append(value)
        if self.count % self._stride == 0:
            self.levels.append(fmean(self.last(WINDOW)))
        if len(self.levels) == LEVELS:
            # Every second level, so that those kept stay `_stride` steps apart.
            self.levels, self._stride = self.levels[1::2], 2 * self._stride

    def last(self, count: int) -> list[float]:
        """The latest `count` values, or as many as there are; at most `WIDE`."""
        return list(self.latest)[-count:] if count else []

    def change(self, most: int = WINDOW) -> Change | None:
        """The change from the first to the latest `most` steps, or from the first half to the second if fewer."""
        window = min(most, self.count // 2)
        return change(self.first[:window], self.last(window))


@dataclass(frozen=True, slots=True)
class HeldOut:
    """A held-out evaluation: `whet.eval.evaluation.Evaluation.summary`, and the reward of the steps before it."""

    figures: Mapping[str, float]
    rewards: tuple[float, ...]
    """The latest `WIDE` values of `reward` at that time."""


class History:
    """The metrics of a run by name (docs/metrics.md); `correctness` names the reward functions that measure whether the
    answer is right."""

    def __init__(self, correctness: Sequence[str] = ()) -> None:
        self.held_out: list[HeldOut] = []
        self._correctness = [f"rewards/{name}/mean" for name in correctness]
        self._series: dict[str, Series] = {}

    def add(self, metrics: Mapping[str, float | None]) -> None:
        """Adds the metrics of one step, except those that are no finite number."""
        for name, value in metrics.items():
            if isinstance(value, int | float) and isfinite(value):
                self._series.setdefault(name, Series()).add(float(value))

    def measured(self, summary: Mapping[str, float]) -> None:
        """Adds a held-out evaluation."""
        self.held_out.append(HeldOut(dict(summary), tuple(self["reward"].last(WIDE))))

    def __getitem__(self, name: str) -> Series:
        """The series of a metric; empty where the run has not reported it."""
        return self._series.get(name) or Series()

    @property
    def correctness(self) -> list[str]:
        """The names `rewards/<function>/mean` of the correctness rewards that the run has reported."""
        return [name for name in self._correctness if name in self._series]

    def reward_change(self, since: HeldOut) -> Change | None:
        """The change of the reward since an evaluation; for one before the first steps, since the start."""
        rewards = self["reward"]
        if len(since.rewards) < LEAST:
            return rewards.change(WIDE)
        return change(since.rewards, rewards.last(WIDE))
