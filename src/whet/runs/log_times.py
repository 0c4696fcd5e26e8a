"""How long a run took by its log: the time between its lines, without the pauses between its processes."""

from datetime import datetime
from itertools import pairwise
from pathlib import Path

from whet.runs.run_state import LINE

ENDINGS = ("finished", "stopped: ", "failed:")
BEGINS = "[Load]"


def logged_seconds(path: Path) -> float | None:
    """Seconds that the log at `path` covers; None where it has no two lines with a time."""
    try:
        with path.open(encoding="utf-8", errors="replace") as file:
            said = [
                (_time(line[: line.find(" ")]), match[1]) for line in file if (match := LINE.match(line.rstrip("\n")))
            ]
    except OSError:
        return None
    if len(said) < 2:
        return None
    return sum(max(0.0, after - before) for (before, last), (after, text) in pairwise(said) if not _pauses(last, text))


def _time(stamp: str) -> float:
    try:
        return datetime.fromisoformat(stamp).timestamp()
    except ValueError:
        return 0.0


def _pauses(last: str, text: str) -> bool:
    """Whether a process ended after the line `last`, or another one began with `text`."""
    return last.startswith(ENDINGS) or last.endswith("goes on") or text == BEGINS
