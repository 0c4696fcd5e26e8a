"""Converts rows to problems; broken and duplicate rows are left out, counted and logged."""

import logging
from collections.abc import Callable, Sequence
from dataclasses import replace
from hashlib import blake2b

from whet.data.fault import RECODE, Fault, Row, Rows
from whet.errors import UserError
from whet.types import Problem

MAX_BROKEN = 0.01
"""The share of broken rows that is tolerated by default."""

_LOG = logging.getLogger("whet.data")


class BrokenRowError(Exception):
    """A row that cannot be converted to a problem; the message gives the reason and follows "row 17"."""

    def __init__(self, reason: str, fix: str = "") -> None:
        super().__init__(reason)
        self.fix = fix
        """What mends all rows of this kind, where something does."""


class OtherRowError(Exception):
    """A valid row of no use here, such as a proof among problems with answers; the message gives the reason."""


def problem_id(source: str, question: str) -> str:
    """The id of a problem: its source and a hash of its question, independent of its row."""
    return f"{source}:{blake2b(question.encode(), digest_size=6).hexdigest()}"


def collect(rows: Rows, convert: Callable[[Row], Problem], where: str, max_broken: float = MAX_BROKEN) -> list[Problem]:
    """Converts rows to problems; `convert` raises `BrokenRowError` or `OtherRowError` for a row without one.

    Such rows and repeated questions are left out, counted and logged. Raises `UserError` where more than the share
    `max_broken` is broken, or nothing is left.
    """
    kept: dict[str, Problem] = {}
    broken: list[str] = []
    fixes: list[str] = []
    repeated: list[str] = []
    useless: list[str] = []
    total = 0
    for total, (number, row) in enumerate(rows, 1):  # noqa: B007
        try:
            problem = replace(_converted(row, convert), row=number)
        except BrokenRowError as fault:
            broken.append(f"row {number} {fault}")
            fixes += [fault.fix] if fault.fix else []
            continue
        except OtherRowError as reason:
            useless.append(f"row {number} {reason}")
            continue
        first = kept.setdefault(problem.asked, problem)
        if first is not problem:
            other = "" if first.answer == problem.answer else " (with another answer)"
            repeated.append(f"row {number}{other}")
    if not total:
        raise UserError(f"{where}: has no rows; name other data")
    if useless and not broken and not kept:
        raise UserError(f"{where}: none of {total} rows is of use: {few(useless)}; name other data")
    if len(broken) > max_broken * total or not kept:
        fix = "; or ".join([*fixes[:1], f"fix them, or allow more than {max_broken:.0%} with params.max_broken"])
        raise UserError(f"{where}: {len(broken)} of {total} rows are broken: {few(broken)}; {fix}")
    for what, left_out in (("broken", broken), ("repeated", repeated), ("of no use", useless)):
        if left_out:
            counted = f"{len(left_out)} of {total} rows as {what}"
            _LOG.warning("%s: left out %s: %s", where, counted, few(left_out))
    return list(kept.values())


def _converted(row: Row | Fault, convert: Callable[[Row], Problem]) -> Problem:
    if isinstance(row, Fault):
        raise BrokenRowError(row.reason, RECODE if "is not UTF-8" in row.reason else "")
    return convert(row)


def few(items: Sequence[str]) -> str:
    """Joins the first three items, with the number of the others.

    >>> few(["row 1", "row 2", "row 3", "row 4"])
    'row 1; row 2; row 3; and 1 more'
    """
    return "; ".join(items[:3]) + (f"; and {len(items) - 3} more" if len(items) > 3 else "")
