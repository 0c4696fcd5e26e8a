"""A thread that notices stalls: a phase of a step that takes far longer than it did is reported while it lasts."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager

from whet.runs.views.figures import duration
from whet.runs.views.view import View
from whet.train_loop.clock import Clock

LEAST = 60.0
"""Seconds in one phase of a step before anything is said."""

USUAL = 10.0
"""How many times longer than usual is worth a word."""


class StallMonitor:
    """Looks at the clock now and then; each phase that lasts too long is told once, and again whenever it doubled."""

    def __init__(self, clock: Clock, view: View) -> None:
        self.clock, self.view = clock, view
        self._told: tuple[float, float] = (0.0, 0.0)
        """When the phase told of began, and how long it had taken by then."""

    def look(self) -> None:
        """Tells of the phase under way where it is time to."""
        name, began = self.clock.under_way
        lasts, usual = self.clock.now() - began, self.clock.longest.get(name, 0.0)
        told = self._told[1] if self._told[0] == began else 0.0
        if not name or lasts < max(LEAST, USUAL * usual, 2 * told):
            return
        self._told = (began, lasts)
        so_far = f"; the longest so far took {duration(usual)}" if usual else ""
        self.view.note(f"still waiting for: {WORDS.get(name, name)}, for {duration(lasts)}{so_far}")


WORDS = {
    "rollout": "responses being sampled",
    "grade": "rewards (a reward function of your own may hang)",
    "reference": "the reference's log-probabilities",
}
"""What a phase of the clock is called when people read it."""


@contextmanager
def watched(clock: Clock, view: View, every: float = 5.0) -> Iterator[None]:
    """Inside, a thread looks every so many seconds."""
    over, dog = threading.Event(), StallMonitor(clock, view)

    def watch() -> None:
        while not over.wait(every):
            dog.look()

    thread = threading.Thread(target=watch, daemon=True)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()
