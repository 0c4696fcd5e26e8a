"""Progress of a run's phases: steps done, elapsed and remaining time, history of each metric."""

import math
import time
from collections.abc import Callable
from dataclasses import dataclass, field

from whet.runs.views.figures import HEADLINES

Clock = Callable[[], float]


@dataclass
class Phase:
    """A phase of a run, such as the check, the warm start or GRPO."""

    name: str
    total: int | None
    """Number of steps; None where it is unknown."""
    start: int = 0
    """Steps done before, in a resumed run."""
    clock: Clock = time.monotonic
    done: int = field(init=False)
    history: dict[str, list[float]] = field(default_factory=dict)
    """Every value of each metric, in order."""
    began: float = field(init=False)
    paused: float | None = None
    """Clock time of the pause; None while the phase runs."""
    stopped: bool = False
    """Whether an error or the user ended it."""

    def __post_init__(self) -> None:
        self.done = self.start
        self.began = self.clock()

    def advance(self, done: int, figures: dict[str, float | None]) -> None:
        """Sets the steps done and adds the metrics; those that are absent (None, NaN) keep their last value."""
        self.done = done
        for key, value in figures.items():
            if value is not None and math.isfinite(value):
                self.history.setdefault(key, []).append(float(value))

    @property
    def figures(self) -> dict[str, float]:
        """The latest value of each metric."""
        return {key: values[-1] for key, values in self.history.items()}

    @property
    def elapsed(self) -> float:
        """Seconds that the phase has run, pauses excluded."""
        return (self.clock() if self.paused is None else self.paused) - self.began

    def pause(self) -> None:
        """Stops the clock of this phase."""
        self.paused = self.clock()

    def resume(self) -> None:
        """Continues a paused phase."""
        if self.paused is not None:
            self.began += self.clock() - self.paused  # moved by the length of the pause, so `elapsed` leaves it out
            self.paused = None

    @property
    def left(self) -> float | None:
        """Estimated seconds left at the pace so far; None where it is unknown."""
        if self.total is None or self.done <= self.start:
            return None
        return self.elapsed / (self.done - self.start) * max(0, self.total - self.done)

    @property
    def position(self) -> str:
        """`12/25`; empty where the total is unknown."""
        return "" if self.total is None else f"{self.done}/{self.total}"

    @property
    def headline(self) -> str | None:
        """The first of `HEADLINES` that this phase has reported."""
        return next((key for key in HEADLINES if key in self.history), None)


class Phases:
    """The phases of a run, one current at a time.

    One that was interrupted, as GRPO is by an evaluation, keeps its time and history when begun again.
    """

    def __init__(self, clock: Clock = time.monotonic) -> None:
        self._clock = clock
        self._known: dict[str, Phase] = {}
        self.current: Phase | None = None

    def begin(self, name: str, total: int | None, start: int = 0) -> Phase:
        """Makes `name` the current phase: a paused one that stands at the same step, or else a new one."""
        self.end()
        known = self._known.get(name)
        if known is not None and start > 0 and (known.total, known.done) == (total, start):
            known.resume()
            self.current = known
        else:
            self.current = self._known[name] = Phase(name, total, start, self._clock)
        return self.current

    def end(self) -> None:
        """Pauses the current phase."""
        if self.current is not None:
            self.current.pause()
            self.current = None
