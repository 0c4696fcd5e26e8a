"""A view that shows nothing: it keeps how long each phase took."""

import time

from whet.runs.views.progress import Clock
from whet.runs.views.view import View


class PhaseTimes(View):
    """Seconds by phase, in the order in which phases began; one that comes again has another entry."""

    def __init__(self, clock: Clock = time.monotonic) -> None:
        self._clock = clock
        self._began: tuple[str, float] | None = None
        self._ended: list[tuple[str, float]] = []

    def phase(self, name: str, total: int | None, start: int = 0) -> None:
        self._end()
        self._began = (name, self._clock())

    def advance(self, done: int, **figures: float | None) -> None:
        """Changes nothing."""

    def note(self, text: str) -> None:
        """Changes nothing."""

    def close(self, stopped: bool = False) -> None:
        self._end()

    def spent(self) -> list[tuple[str, float]]:
        """Name and seconds of each phase so far, the current one included."""
        now = [(self._began[0], self._clock() - self._began[1])] if self._began else []
        return [*self._ended, *now]

    def _end(self) -> None:
        self._ended, self._began = self.spent(), None
