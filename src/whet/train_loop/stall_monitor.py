"""Detects stalls in a thread: reports a phase of a step that takes far longer than before, while it lasts."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager

from whet.runs.views.figures import duration
from whet.runs.views.view import View
from whet.train_loop.clock import Clock

LEAST = 60.0
"""Seconds in one phase of a step before it is reported."""

USUAL = 10.0
"""How many times longer than its longest call so far a phase must take to be reported."""


class StallMonitor:
    """Reports a phase of the clock that lasts too long: once, and again whenever its duration has doubled."""

    def __init__(self, clock: Clock, view: View) -> None:
        self.clock, self.view = clock, view
        self._last_report: tuple[float, float] = (0.0, 0.0)
        """When the phase last reported began, and its seconds at that time."""

    def look(self) -> None:
        """Reports the current phase if that is due."""
        name, began = self.clock.under_way
        lasts, usual = self.clock.now() - began, self.clock.longest.get(name, 0.0)
        reported = self._last_report[1] if self._last_report[0] == began else 0.0
        if not name or lasts < max(LEAST, USUAL * usual, 2 * reported):
            return
        self._last_report = (began, lasts)
        so_far = f"; the longest so far took {duration(usual)}" if usual else ""
        self.view.note(f"still waiting for: {WORDS.get(name, name)}, for {duration(lasts)}{so_far}")


WORDS = {
    "rollout": "responses being sampled",
    "grade": "rewards (a reward function of your own may hang)",
    "reference": "the reference's log-probabilities",
}
"""Descriptions of the phases, for the report."""


@contextmanager
def watched(clock: Clock, view: View, every: float = 5.0) -> Iterator[None]:
    """Runs a `StallMonitor` in a thread during the block, every `every` seconds."""
    ended, monitor = threading.Event(), StallMonitor(clock, view)

    def watch() -> None:
        while not ended.wait(every):
            monitor.look()

    thread = threading.Thread(target=watch, daemon=True)
    thread.start()
    try:
        yield
    finally:
        ended.set()
        thread.join()
