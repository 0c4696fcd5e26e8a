"""What a data file is read into: rows, and a `Fault` with the reason for each broken one."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from whet.errors import UserError

LONGEST = 16 * 2**20
"""Bytes of a line, or characters of a CSV cell, beyond which a row is broken."""

RECODE = "if it is Latin-1, save it as UTF-8 with `iconv -f latin1 -t utf-8`"
"""What to do about bytes that are not UTF-8."""


@dataclass(frozen=True, slots=True)
class Fault:
    """A broken row, with the reason."""

    reason: str


Row = dict[str, Any]
Rows = Iterable[tuple[int, Row | Fault]]
"""Each row with its number, as an editor or a spreadsheet counts it: from 1, a CSV header included."""


def refuse_twice(path: Path, names: Sequence[str]) -> None:
    """Raises `UserError` where two columns have the same name."""
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        raise UserError(f"{path}: the column {twice[0]!r} stands in the header twice")
