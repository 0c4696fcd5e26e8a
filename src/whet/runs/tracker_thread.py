"""A tracker on a thread of its own: whatever it does, the run neither waits for it nor falls with it."""

import threading
from collections import deque
from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path
from typing import Any

from whet.redact import redacted
from whet.runs.trackers import Tracker
from whet.text import one_line

ROOM = 1000
"""Records that wait for a slow tracker; beyond them the oldest are left out."""


class TrackerThread:
    """Hands records to a tracker in order, from a thread of its own.

    A tracker that raises is told of once and left alone from then on. One that hangs is left behind at the end: its
    thread does not keep the program alive. Everything is said from the caller's thread.
    """

    def __init__(self, name: str, tracker: Tracker, log: Callable[[str], None], room: int = ROOM) -> None:
        self.name, self.given, self.kept = name, 0, 0
        self._tracker, self._say = tracker, log
        self._waiting: deque[Callable[[], None]] = deque(maxlen=room)
        self._changed = threading.Condition()
        self._closed = self._told = False
        self._failure: str | None = None
        self._thread: threading.Thread | None = None

    def begin(self, folder: Path, settings: Mapping[str, Any]) -> None:
        """The run in `folder` begins; `settings` is its recipe."""
        first = partial(self._tracker.begin, folder, settings)
        self._thread = threading.Thread(target=self._work, args=(first,), name=f"whet {self.name}", daemon=True)
        self._thread.start()

    def metrics(self, phase: str, step: int, figures: Mapping[str, Any]) -> None:
        """Figures of a step; those that are no numbers are left out. Returns at once."""
        values = numbers(figures)
        with self._changed:
            self.given += 1
            self._waiting.append(partial(self._tracker.metrics, phase, step, values))
            self._changed.notify()
        if self._failure and not self._told:
            self._told = True
            self._say(
                f"{self.name} failed and is left out from here on ({self._failure}); metrics.jsonl has everything"
            )

    def close(self) -> None:
        """Nothing more will come."""
        with self._changed:
            self._closed = True
            self._changed.notify()

    def wait(self, seconds: float) -> None:
        """Waits at most so long until everything has arrived, and says what has not."""
        if self._thread is None:
            return
        self._thread.join(seconds)
        why = self._failure or (f"no answer in {seconds:.0f} s" if self._thread.is_alive() else "")
        if lost := self.given - self.kept:
            why = why or "too slow"
            self._say(f"{self.name}: {lost} of {self.given} records did not arrive ({why}); metrics.jsonl has them all")
        elif why:
            self._say(f"{self.name} did not end well ({why}); metrics.jsonl has everything")

    def _work(self, first: Callable[[], None]) -> None:
        try:
            first()
            while call := self._next():
                call()
                self.kept += 1
            self._tracker.end()
        except BaseException as error:  # a library may raise anything, SystemExit included
            self._failure = one_line(f"{type(error).__name__}: {error}", 160)

    def _next(self) -> Callable[[], None] | None:
        """The oldest record that waits; None once there are no more to come."""
        with self._changed:
            self._changed.wait_for(lambda: self._waiting or self._closed)
            return self._waiting.popleft() if self._waiting else None


def numbers(figures: Mapping[str, Any]) -> dict[str, float]:
    """The figures that are numbers; a name that a reward function gave may hold a secret.

    >>> numbers({"reward": 0.5, "problems": 6, "at": "2026-11-20", "accuracy_interval": [0.1, 0.9], "done": True})
    {'reward': 0.5, 'problems': 6}
    """
    named = redacted(figures).items()
    return {name: value for name, value in named if isinstance(value, int | float) and not isinstance(value, bool)}
