"""The row of a run in the list of runs: state, step, accuracy, reward. Looks only at the ends of long files."""

import json
import os
import time
from collections.abc import Mapping
from pathlib import Path
from statistics import median
from threading import Lock
from typing import Any

from whet.dashboard.open_run import OpenRun, refuse_links
from whet.dashboard.recipe_tree import recipe_tree
from whet.dashboard.rows.shares import Row, difference, mean, numbers
from whet.dashboard.rows.stages import accuracy
from whet.errors import UserError
from whet.eval.statistics import paired_difference
from whet.runs import layout
from whet.runs.peek import last_records, spread_records
from whet.runs.reader import RunReader
from whet.runs.run_state import RunState, state_of

SPARK = 40
"""Values of the sparkline of rewards at most."""

CHEAP = 0.25
"""Seconds that a list may spend on figures that are not cheap; what is left out comes with the next one."""

WATCHED = (layout.METRICS, layout.TIMINGS, layout.HEALTH, layout.LOG, layout.EVALUATIONS, layout.RECIPE, layout.OWNER)
"""What a row is made of: where none of these has changed, it is the row that was made before."""

UNKNOWN = (
    *("created", "updated", "phase", "step", "steps", "left", "model", "data", "objective"),
    *("accuracy", "reward", "findings", "size", "format"),
)
"""Keys that are None in the row of a run that cannot be read."""

Signature = tuple[tuple[int, int], ...]


class RunRows:
    """Makes the rows of runs, each again only when its files have changed. Threads may share it."""

    def __init__(self) -> None:
        self._rows: dict[Path, tuple[Signature, Row]] = {}
        self._costly: dict[Path, tuple[Signature, Row]] = {}
        self._lock = Lock()

    def row(self, path: Path, id: str, until: float = float("inf")) -> Row:
        """The row of the run in `path`; its costly figures are None where `until` (`time.monotonic`) has passed."""
        now = _signature(path)
        with self._lock:
            signature, row = self._rows.get(path, ((), {}))
        if signature != now or (row["state"] == "running" and state_of(path).state != "running"):
            row = _made(path, id)
            with self._lock:
                self._rows[path] = (now, row)
        return {**row, **self._costly_figures(path, row, now, until)}

    def _costly_figures(self, path: Path, row: Row, now: Signature, until: float) -> Row:
        if row["state"] == "unreadable":
            return {}
        key = now[4:5] if row["state"] == "running" else now  # of a run that goes on, evaluations alone count
        with self._lock:
            signature, found = self._costly.get(path, ((), {}))
        if signature != key and time.monotonic() < until:
            found = {"size": size_of(path), "accuracy": {**row["accuracy"], "difference": _difference(path)}}
            with self._lock:
                self._costly[path] = (key, found)
        return found


ROWS = RunRows()
"""The rows of this process."""


def run_row(run: OpenRun) -> Row:
    """The row of an opened run."""
    return ROWS.row(run.path, run.id)


def run_rows(runs: Mapping[str, Path], budget: float = CHEAP) -> list[Row]:
    """The rows of runs by id, the newest first."""
    until = time.monotonic() + budget
    rows = [ROWS.row(path, id, until) for id, path in runs.items()]
    return sorted(rows, key=lambda row: (row["created"] or "", row["id"]), reverse=True)


def size_of(folder: Path) -> int:
    """Bytes of all files in a folder; links are not followed."""
    total = 0
    try:
        with os.scandir(folder) as entries:
            for entry in entries:
                inside = entry.is_dir(follow_symlinks=False)
                total += size_of(Path(entry.path)) if inside else entry.stat(follow_symlinks=False).st_size
    except OSError:  # taken away meanwhile
        return total
    return total


def _signature(path: Path) -> Signature:
    return tuple(_changed(path / name) for name in WATCHED)


def _changed(path: Path) -> tuple[int, int]:
    try:
        status = path.stat()
    except OSError:
        return (0, 0)
    return status.st_mtime_ns, status.st_size


def _made(path: Path, id: str) -> Row:
    try:
        refuse_links(path)
        reader = RunReader(path)
        manifest, tree = reader.manifest, recipe_tree(path)
    except UserError as error:
        return _unreadable(path, id, str(error))
    steps = _of(tree, "grpo").get("steps")
    done = _steps_done(path)
    state = state_of(path)
    return {
        "id": id,
        "name": path.name,
        "created": manifest.get("created"),
        "updated": _updated(path),
        "state": state.state,
        "why": state.why,
        "phase": state.phase,
        "step": done,
        "steps": steps if isinstance(steps, int) else None,
        "left": _left(path, state, steps, done),
        "model": _name(tree.get("model")),
        "data": _name(_of(tree, "data").get("train")),
        "objective": _name(_of(tree, "grpo").get("objective")),
        "accuracy": _accuracy(reader),
        "reward": _spark(path),
        "findings": _count_lines(path / layout.HEALTH),
        "size": None,
        "format": manifest.get("format"),
    }


def _unreadable(path: Path, id: str, why: str) -> Row:
    return {"id": id, "name": path.name, "state": "unreadable", "why": why, **dict.fromkeys(UNKNOWN)}


def _of(tree: Mapping[str, Any], key: str) -> dict[str, Any]:
    found = tree.get(key)
    return found if isinstance(found, dict) else {}


def _name(section: Any) -> str | None:
    """The name in a section, or the section itself where it is no more than a name."""
    found = section.get("name") if isinstance(section, dict) else section
    return None if found is None else str(found)


def _steps_done(path: Path) -> int:
    done = [record["step"] for record in last_records(path / layout.METRICS) if record.get("phase") == "grpo"]
    return done[-1] + 1 if done else 0


def _updated(path: Path) -> str | None:
    from datetime import UTC, datetime

    newest = max(mtime for mtime, _ in _signature(path))
    return datetime.fromtimestamp(newest / 1e9, UTC).isoformat(timespec="seconds") if newest else None


def _left(path: Path, state: RunState, steps: Any, done: int) -> float | None:
    """Seconds left of GRPO at the pace of the latest steps; None where it is not running or has no pace yet."""
    recent = [record.get("step_time") for record in last_records(path / layout.TIMINGS)]
    times = [value for value in recent if isinstance(value, int | float)]
    if state.state != "running" or not times or not isinstance(steps, int):
        return None
    return median(times) * max(0, steps - done)


def _accuracy(reader: RunReader) -> Row:
    """Held-out accuracy before and now, from the summaries."""
    try:
        made = reader.evaluations()
    except UserError:
        made = {}
    names = list(made)
    first = "base" if "base" in made else names[0] if names else None
    last = "final" if "final" in made else names[-1] if names else None
    before, now = (accuracy(made[name]) if name else None for name in (first, last))
    return {"before": before, "now": now, "stage": last, "difference": None}


def _difference(path: Path) -> Row | None:
    """The paired difference between the first and the last evaluation; None where there are not two of one data set."""
    reader = RunReader(path)
    try:
        names = list(reader.evaluations())
        first, last = ("base" if "base" in names else names[0]), ("final" if "final" in names else names[-1])
        before, after = reader.records(first), reader.records(last)
    except (UserError, IndexError):
        return None
    if first == last or set(before) != set(after):
        return None
    pairs = [(before[id].correct, after[id].correct) for id in before]
    return difference(paired_difference([a for a, _ in pairs], [b for _, b in pairs]))


def _spark(path: Path) -> list[float]:
    parts = spread_records(path / layout.METRICS, SPARK)
    means = [mean(numbers(record.get("reward") for record in part if record.get("phase") == "grpo")) for part in parts]
    return [value for value in means if value is not None]


def _count_lines(path: Path) -> int:
    try:
        return path.read_bytes().count(b"\n")
    except OSError:
        return 0


def fingerprint(rows: list[Row]) -> str:
    """A short checksum of rows: the same where nothing has changed."""
    import zlib

    return f"{zlib.crc32(json.dumps(rows, sort_keys=True).encode()):08x}"
