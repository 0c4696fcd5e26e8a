"""Fails a test run in which more tests are skipped than a committed list allows: `pytest --allowed-skips FILE`.

A test that is skipped everywhere tests nothing, and nobody notices. The list names each reason, how many tests may be
skipped for it, and why that is in order.
"""

import tomllib
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Allowed:
    """A row of the list."""

    reason: str
    """Part of the reason that the skipped test gives."""
    most: int
    """The largest number of tests that may be skipped for it."""
    why: str
    """Why that is in order."""


def read_allowed(path: Path) -> list[Allowed]:
    """Reads the list. Raises `ValueError` for a row without one of its three values, `OSError` for no file."""
    rows = tomllib.loads(path.read_text("utf-8")).get("skip", [])
    for row in rows:
        if set(row) != {"reason", "most", "why"} or not row["why"]:
            raise ValueError(f"{path}: a skip needs `reason`, `most` and `why`, and nothing else: {row}")
    return [Allowed(**row) for row in rows]


def excess(reasons: Iterable[str], allowed: Sequence[Allowed]) -> list[str]:
    """Returns a line for each reason for which more tests were skipped than the list allows; a row counts once."""
    counts: Counter[Allowed | str] = Counter()
    for reason in reasons:
        counts[next((row for row in allowed if row.reason in reason), reason)] += 1
    lines = []
    for row, count in counts.items():
        most, what = (row.most, row.reason) if isinstance(row, Allowed) else (0, row)
        if count > most:
            lines.append(f"{count} tests skipped where {most} may be: {what}")
    return lines
