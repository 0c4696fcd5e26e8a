"""The end of a run's train.log."""

from whet.dashboard.open_run import OpenRun
from whet.dashboard.rows.shares import Row
from whet.runs import layout

MOST = 1 << 20
"""Bytes of the log's end that are looked at."""


def log(run: OpenRun, lines: int = 200) -> Row:
    """The last `lines` lines, and whether there are more."""
    try:
        with (run.path / layout.LOG).open("rb") as file:
            start = max(0, file.seek(0, 2) - MOST)
            file.seek(start)
            found = file.read().decode("utf-8", errors="replace").splitlines()
    except OSError:
        return {"lines": [], "more": False}
    return {"lines": found[-lines:], "more": start > 0 or len(found) > lines}
