"""Runs a tracker on its own thread, so that a slow, hanging or failing one neither blocks nor ends the run."""

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
"""Capacity of the queue of records; when it is full, the oldest is dropped."""


class TrackerThread:
    """Passes records to a tracker in order, on a daemon thread.

    A tracker that raises is reported once and gets nothing more. One that hangs is abandoned at the end: its thread
    does not keep the program alive. `log` is called on the caller's thread only.
    """

    def __init__(self, name: str, tracker: Tracker, log: Callable[[str], None], room: int = ROOM) -> None:
        self.name, self.given, self.kept = name, 0, 0
        self._tracker, self._log = tracker, log
        self._waiting: deque[Callable[[], None]] = deque(maxlen=room)
        self._changed = threading.Condition()
        self._closed = self._is_reported = False
        self._failure: str | None = None
        self._thread: threading.Thread | None = None

    def begin(self, folder: Path, settings: Mapping[str, Any]) -> None:
        """Starts the thread, and the tracker for the run in `folder`; `settings` is its recipe."""
        first = partial(self._tracker.begin, folder, settings)
        self._thread = threading.Thread(target=self._work, args=(first,), name=f"whet {self.name}", daemon=True)
        self._thread.start()

    def metrics(self, phase: str, step: int, figures: Mapping[str, Any]) -> None:
        """Queues the metrics of a step, without those that are no numbers. Returns at once."""
        values = numbers(figures)
        with self._changed:
            self.given += 1
            self._waiting.append(partial(self._tracker.metrics, phase, step, values))
            self._changed.notify()
        if self._failure and not self._is_reported:
            self._is_reported = True
            self._log(
                f"{self.name} failed and is left out from here on ({self._failure}); metrics.jsonl has everything"
            )

    def close(self) -> None:
        """Ends the queue: the thread ends the tracker once it has passed on what is queued."""
        with self._changed:
            self._closed = True
            self._changed.notify()

    def wait(self, seconds: float) -> None:
        """Waits at most `seconds` for the thread to end, and logs how many records did not arrive."""
        if self._thread is None:
            return
        self._thread.join(seconds)
        why = self._failure or (f"no answer in {seconds:.0f} s" if self._thread.is_alive() else "")
        if lost := self.given - self.kept:
            why = why or "too slow"
            self._log(f"{self.name}: {lost} of {self.given} records did not arrive ({why}); metrics.jsonl has them all")
        elif why:
            self._log(f"{self.name} did not end well ({why}); metrics.jsonl has everything")

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
        """Waits for the oldest record in the queue; None once it is closed and empty."""
        with self._changed:
            self._changed.wait_for(lambda: self._waiting or self._closed)
            return self._waiting.popleft() if self._waiting else None


def numbers(figures: Mapping[str, Any]) -> dict[str, float]:
    """Returns the metrics that are numbers, secrets redacted: a reward function may name a metric anything.

    >>> numbers({"reward": 0.5, "problems": 6, "at": "2026-11-20", "accuracy_interval": [0.1, 0.9], "done": True})
    {'reward': 0.5, 'problems': 6}
    """
    named = redacted(figures).items()
    return {name: value for name, value in named if isinstance(value, int | float) and not isinstance(value, bool)}
