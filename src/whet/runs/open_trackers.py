"""Opens a run's experiment trackers, forwards every metric to them, and waits for them a limited time at the end."""

import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

from whet.config import Config
from whet.redact import redacted
from whet.runs.tracker_thread import TrackerThread
from whet.runs.trackers import open_tracker
from whet.runs.writer import RunWriter
from whet.text import Log

PATIENCE = 10.0
"""Seconds to wait for all trackers together at the end of a run."""


def open_trackers(config: Config, log: Log) -> list[TrackerThread]:
    """Opens the installed ones of `run.trackers`, each on its own thread. Raises `UserError` as `open_tracker` does."""
    opened = [(one.name, open_tracker(one, log)) for one in config.run.trackers]
    return [TrackerThread(name, tracker, log) for name, tracker in opened if tracker]


@contextmanager
def tracked(run: RunWriter, trackers: Sequence[TrackerThread], config: Config) -> Iterator[None]:
    """Forwards to the trackers every metric that `run` writes within the block."""
    settings: Mapping[str, Any] = redacted(config.model_dump(mode="json"))
    for tracker in trackers:
        tracker.begin(run.path, settings)
        run.listeners.append(tracker.metrics)
    try:
        yield
    finally:
        for tracker in trackers:  # closes all first, so that they finish at the same time
            tracker.close()
        until = time.monotonic() + PATIENCE
        for tracker in trackers:
            tracker.wait(max(0.0, until - time.monotonic()))
