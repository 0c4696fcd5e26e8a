"""From rows to problems: what is broken or asked twice is left out, counted, and said in plain words."""

import logging
from collections.abc import Callable, Sequence
from dataclasses import replace
from hashlib import blake2b

from whet.data.rows import Fault, Row, Rows
from whet.errors import UserError
from whet.types import Problem

MAX_BROKEN = 0.01
"""The share of broken rows that is passed over by default."""

_LOG = logging.getLogger("whet.data")


class BrokenRowError(Exception):
    """A row that no problem can be made of; the message says why and follows "row 17"."""


class OtherRowError(Exception):
    """A whole row that is not what the source is read for, as a proof where answers are; the message says why."""


def problem_id(source: str, question: str) -> str:
    """An id that a question keeps wherever its row stands."""
    return f"{source}:{blake2b(question.encode(), digest_size=6).hexdigest()}"


def collect(rows: Rows, convert: Callable[[Row], Problem], where: str, max_broken: float = MAX_BROKEN) -> list[Problem]:
    """The problems of these rows; `convert` raises `BrokenRowError` for one that holds none.

    A question that was asked before is left out, and so are a broken row and one that `OtherRowError` is raised
    for: all are counted and said. Raises `UserError` where more than the share `max_broken` is broken, or nothing
    is left.
    """
    kept: dict[str, Problem] = {}
    broken: list[str] = []
    repeated: list[str] = []
    useless: list[str] = []
    total = 0
    for total, (number, row) in enumerate(rows, 1):  # noqa: B007
        try:
            problem = replace(_converted(row, convert), row=number)
        except BrokenRowError as fault:
            broken.append(f"row {number} {fault}")
            continue
        except OtherRowError as reason:
            useless.append(f"row {number} {reason}")
            continue
        first = kept.setdefault(problem.question, problem)
        if first is not problem:
            other = "" if first.answer == problem.answer else " (with another answer)"
            repeated.append(f"row {number}{other}")
    if not total:
        raise UserError(f"{where}: has no rows; name other data")
    if useless and not broken and not kept:
        raise UserError(f"{where}: none of {total} rows is of use: {few(useless)}; name other data")
    if len(broken) > max_broken * total or not kept:
        fix = f"fix them, or allow more than {max_broken:.0%} with params.max_broken"
        raise UserError(f"{where}: {len(broken)} of {total} rows are broken: {few(broken)}; {fix}")
    for what, left_out in (("broken", broken), ("repeated", repeated), ("of no use", useless)):
        if left_out:
            counted = f"{len(left_out)} of {total} rows as {what}"
            _LOG.warning("%s: left out %s: %s", where, counted, few(left_out))
    return list(kept.values())


def _converted(row: Row | Fault, convert: Callable[[Row], Problem]) -> Problem:
    if isinstance(row, Fault):
        raise BrokenRowError(row.reason)
    return convert(row)


def few(items: Sequence[str]) -> str:
    """The first three, and how many more.

    >>> few(["row 1", "row 2", "row 3", "row 4"])
    'row 1; row 2; row 3; and 1 more'
    """
    return "; ".join(items[:3]) + (f"; and {len(items) - 3} more" if len(items) > 3 else "")
