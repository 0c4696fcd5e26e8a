"""How far a phase has come."""

import math
import time
from collections.abc import Callable
from dataclasses import dataclass, field

from whet.runs.views.figures import HEADLINES

Clock = Callable[[], float]


@dataclass
class Phase:
    """A stretch of the way, such as the check, the warm start or GRPO."""

    name: str
    total: int | None
    """How many steps there are to do; None where nobody knows."""
    start: int = 0
    """Steps that were done before: a resumed run."""
    clock: Clock = time.monotonic
    done: int = field(init=False)
    history: dict[str, list[float]] = field(default_factory=dict)
    """Every value of each figure, in order."""
    began: float = field(init=False)
    paused: float | None = None
    """When another phase took over; None while this one is at work."""
    stopped: bool = False
    """Whether an error or the user ended it."""

    def __post_init__(self) -> None:
        self.done = self.start
        self.began = self.clock()

    def advance(self, done: int, figures: dict[str, float | None]) -> None:
        """`done` steps are done; figures that are absent (None, NaN) keep their last value."""
        self.done = done
        for key, value in figures.items():
            if value is not None and math.isfinite(value):
                self.history.setdefault(key, []).append(float(value))

    @property
    def figures(self) -> dict[str, float]:
        """The latest value of each figure."""
        return {key: values[-1] for key, values in self.history.items()}

    @property
    def elapsed(self) -> float:
        """Seconds that the phase has been at work."""
        return (self.clock() if self.paused is None else self.paused) - self.began

    def pause(self) -> None:
        """Another phase is at work: the time stands still."""
        self.paused = self.clock()

    def resume(self) -> None:
        """The phase goes on where it was paused."""
        if self.paused is not None:
            self.began += self.clock() - self.paused
            self.paused = None

    @property
    def left(self) -> float | None:
        """Seconds to go at the pace so far; None where it cannot be told."""
        if self.total is None or self.done <= self.start:
            return None
        return self.elapsed / (self.done - self.start) * max(0, self.total - self.done)

    @property
    def position(self) -> str:
        """`12/25`, or nothing where there is no end to count to."""
        return "" if self.total is None else f"{self.done}/{self.total}"

    @property
    def headline(self) -> str | None:
        """The figure that stands for this phase."""
        return next((key for key in HEADLINES if key in self.history), None)


class Phases:
    """The phases of a run, one at work at a time.

    One that was interrupted, as GRPO is by an evaluation, goes on with its time and curve when begun again.
    """

    def __init__(self, clock: Clock = time.monotonic) -> None:
        self._clock = clock
        self._known: dict[str, Phase] = {}
        self.current: Phase | None = None

    def begin(self, name: str, total: int | None, start: int = 0) -> Phase:
        """The phase `name` is at work from now on, and no other."""
        self.end()
        known = self._known.get(name)
        if known is not None and start > 0 and (known.total, known.done) == (total, start):
            known.resume()
            self.current = known
        else:
            self.current = self._known[name] = Phase(name, total, start, self._clock)
        return self.current

    def end(self) -> None:
        """No phase is at work."""
        if self.current is not None:
            self.current.pause()
            self.current = None
