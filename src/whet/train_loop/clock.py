"""Times the phases of a step."""

import time
from collections import Counter
from collections.abc import Iterable, Iterator
from contextlib import contextmanager


class Clock:
    """Accumulates seconds by phase since the last `restart`."""

    def __init__(self) -> None:
        self.under_way: tuple[str, float] = ("", 0.0)
        """The phase being timed and when it began; an empty name for none."""
        self.longest: dict[str, float] = {}
        """By phase, the seconds of its longest call."""
        self.restart()

    def now(self) -> float:
        """Returns a monotonic time in seconds."""
        return time.perf_counter()

    def restart(self) -> None:
        """Starts a new step: clears the seconds of all phases."""
        self.started = self.now()
        self.seconds: Counter[str] = Counter()

    def each(self, steps: Iterable[int]) -> Iterator[int]:
        """Yields the steps, restarting the clock before each."""
        for step in steps:
            self.restart()
            yield step

    def elapsed(self) -> float:
        """Returns the seconds since the step began."""
        return self.now() - self.started

    @contextmanager
    def timing(self, name: str) -> Iterator[None]:
        """Times the block as one call of phase `name`."""
        began = self.now()
        self.under_way = (name, began)
        try:
            yield
        finally:
            self.under_way = ("", 0.0)
            took = self.now() - began
            self.seconds[name] += took  # type: ignore[assignment]
            self.longest[name] = max(self.longest.get(name, 0.0), took)
