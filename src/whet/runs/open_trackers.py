"""Trackers beside a run: opened before a model loads, told of every figure, waited for a little at the end."""

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
"""Seconds that all trackers together have at the end of a run."""


def open_trackers(config: Config, log: Log) -> list[TrackerThread]:
    """Those of `run.trackers` that are there, each on its own thread. Raises `UserError` as `open_tracker` does."""
    opened = [(one.name, open_tracker(one, log)) for one in config.run.trackers]
    return [TrackerThread(name, tracker, log) for name, tracker in opened if tracker]


@contextmanager
def tracked(run: RunWriter, trackers: Sequence[TrackerThread], config: Config) -> Iterator[None]:
    """While the block lasts, what `run` writes of figures is told to the trackers too."""
    settings: Mapping[str, Any] = redacted(config.model_dump(mode="json"))
    for tracker in trackers:
        tracker.begin(run.path, settings)
        run.listeners.append(tracker.metrics)
    try:
        yield
    finally:
        for tracker in trackers:
            tracker.close()
        until = time.monotonic() + PATIENCE
        for tracker in trackers:
            tracker.wait(max(0.0, until - time.monotonic()))
