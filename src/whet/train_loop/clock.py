"""Where a step's seconds go."""

import time
from collections import Counter
from collections.abc import Iterable, Iterator
from contextlib import contextmanager


class Clock:
    """Seconds by name, since the last `restart`."""

    def __init__(self) -> None:
        self.under_way: tuple[str, float] = ("", 0.0)
        """The phase that is being timed and when it began; no name where there is none."""
        self.longest: dict[str, float] = {}
        """By phase, the longest that one of its calls took."""
        self.restart()

    def now(self) -> float:
        """Seconds since some moment."""
        return time.perf_counter()

    def restart(self) -> None:
        """A new step begins."""
        self.started = self.now()
        self.seconds: Counter[str] = Counter()

    def each(self, steps: Iterable[int]) -> Iterator[int]:
        """The steps, the clock started anew with each."""
        for step in steps:
            self.restart()
            yield step

    def elapsed(self) -> float:
        """Seconds since the step began."""
        return self.now() - self.started

    @contextmanager
    def timing(self, name: str) -> Iterator[None]:
        """What happens inside is a call of the phase `name`."""
        began = self.now()
        self.under_way = (name, began)
        try:
            yield
        finally:
            self.under_way = ("", 0.0)
            took = self.now() - began
            self.seconds[name] += took  # type: ignore[assignment]
            self.longest[name] = max(self.longest.get(name, 0.0), took)
