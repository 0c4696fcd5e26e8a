"""Where a step's seconds go."""

import time
from collections import Counter
from collections.abc import Iterable, Iterator
from typing import Any


class Clock:
    """Seconds by name, since the last `restart`."""

    def __init__(self) -> None:
        self.restart()

    def restart(self) -> None:
        """A new step begins."""
        self.started = time.perf_counter()
        self.seconds: Counter[str] = Counter()

    def each(self, steps: Iterable[int]) -> Iterator[int]:
        """The steps, the clock started anew with each."""
        for step in steps:
            self.restart()
            yield step

    def elapsed(self) -> float:
        """Seconds since the step began."""
        return time.perf_counter() - self.started


class Timed:
    """A role whose every call is timed under one name; otherwise the role itself."""

    def __init__(self, role: Any, name: str, clock: Clock) -> None:
        self._role, self._name, self._clock = role, name, clock

    def __getattr__(self, attribute: str) -> Any:
        value = getattr(self._role, attribute)
        return self._timed(value) if callable(value) else value

    def _timed(self, function: Any) -> Any:
        def call(*args: Any, **options: Any) -> Any:
            began = time.perf_counter()
            try:
                return function(*args, **options)
            finally:
                self._clock.seconds[self._name] += time.perf_counter() - began  # type: ignore[assignment]

        return call
