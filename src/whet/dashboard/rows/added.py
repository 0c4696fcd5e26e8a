"""What a run has added since a cursor: lines of its growing files, and whatever else has changed. Keeps no state."""

import json
import zlib
from collections.abc import Callable
from typing import Any

from whet.dashboard.open_run import OpenRun
from whet.dashboard.rows.findings import finding_lines, shown
from whet.dashboard.rows.run_list import run_row
from whet.dashboard.rows.shares import Row
from whet.dashboard.rows.stages import stages
from whet.runs import layout
from whet.runs.byte_cursor import Mark, end_of, read_after
from whet.runs.figure_columns import parsed

FILES = {"metrics": layout.METRICS, "timings": layout.TIMINGS, "findings": layout.HEALTH}

READ: dict[str, Callable[[bytes], list[Any]]] = {
    "metrics": lambda lines: list(parsed(lines)),
    "timings": lambda lines: list(parsed(lines)),
    "findings": lambda lines: shown(finding_lines(lines)),
}

MOVING = ("left", "updated", "size", "reward")
"""Keys of a run's row that change by themselves: they alone are no news."""


def added(run: OpenRun, cursor: str = "") -> Row:
    """What was added since `cursor`, which an earlier answer gave; everything from the start where it is empty.

    `{"cursor": …}` alone: nothing. `reset`: the run was rewound, or the cursor is of another run: read it afresh.
    """
    known = _parse(run, cursor)
    if known is None:
        return {"cursor": cursor_at_end(run), "reset": True}
    marks, before = known
    pieces = {key: read_after(run.path / name, marks[key]) for key, name in FILES.items()}
    if any(piece.reset for piece in pieces.values()):
        return {"cursor": cursor_at_end(run), "reset": True}
    row, measured = run_row(run), stages(run)
    prints = (_fingerprint({k: v for k, v in row.items() if k not in MOVING}), _fingerprint(measured))
    found: Row = {"cursor": _cursor(run, {key: piece.mark for key, piece in pieces.items()}, prints)}
    found |= {key: READ[key](piece.lines) for key, piece in pieces.items() if piece.lines}
    found |= {"run": row} if prints[0] != before[0] or "metrics" in found else {}
    found |= {"stages": measured} if prints[1] != before[1] else {}
    found |= {"rollouts": newest(run)} if "metrics" in found else {}
    return found | ({"more": True} if any(piece.more for piece in pieces.values()) else {})


def cursor_at_end(run: OpenRun) -> str:
    """The cursor after everything that is there: what `added` then gives came later."""
    marks = {key: end_of(run.path / name) for key, name in FILES.items()}
    row = {key: value for key, value in run_row(run).items() if key not in MOVING}
    return _cursor(run, marks, (_fingerprint(row), _fingerprint(stages(run))))


def newest(run: OpenRun) -> int | None:
    """The newest step whose rollouts are on disk: a step's rollouts are there before its metrics."""
    steps = run.metrics.phase("grpo").steps
    return steps[-1] if steps else None


def _cursor(run: OpenRun, marks: dict[str, Mark], prints: tuple[str, str]) -> str:
    return "~".join((_fingerprint(run.id), *(str(marks[key]) for key in FILES), *prints))


def _parse(run: OpenRun, cursor: str) -> tuple[dict[str, Mark], tuple[str, str]] | None:
    """The marks and fingerprints in a cursor; None where it is none of this run."""
    if not cursor:
        return dict.fromkeys(FILES, Mark()), ("", "")
    parts = cursor.split("~")
    if len(parts) != len(FILES) + 3 or parts[0] != _fingerprint(run.id):
        return None
    try:
        marks = [Mark.parse(part) for part in parts[1:-2]]
    except ValueError:
        return None
    return dict(zip(FILES, marks, strict=True)), (parts[-2], parts[-1])


def _fingerprint(value: Any) -> str:
    """A short checksum of a JSON value."""
    return f"{zlib.crc32(json.dumps(value, sort_keys=True).encode()):x}"
