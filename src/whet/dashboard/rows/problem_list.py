"""Every problem that a run visited: how often, its pass share at first and now, its commonest wrong answer."""

import sqlite3
from typing import Any

from whet.dashboard.open_run import OpenRun
from whet.dashboard.rows.shares import Row, share
from whet.errors import UserError

QUESTION = 200
"""Characters of a question in the list."""

TREND = 24
"""Visits of a problem's trend at most."""

SORTS = {
    "problem": "p.name",
    "visits": "t.visits",
    "share": "1.0 * t.correct / nullif(t.judged, 0)",
    "first": "1.0 * t.first_correct / nullif(t.first_judged, 0)",
    "now": "1.0 * t.last_correct / nullif(t.last_judged, 0)",
    "change": "1.0 * t.last_correct / nullif(t.last_judged, 0) - 1.0 * t.first_correct / nullif(t.first_judged, 0)",
    "signal": "1.0 * t.signals / t.visits",
    "truncated": "1.0 * t.truncated / t.n",
    "last": "t.last",
}

SELECT = """
SELECT p.id, p.name, p.question, p.gold, t.visits, t.n, t.judged, t.correct, t.truncated, t.signals, t.last,
  t.first_judged, t.first_correct, t.last_judged, t.last_correct
FROM totals t JOIN problems p ON p.id = t.problem
WHERE {where} ORDER BY {column} IS NULL, {column} {direction}, p.name LIMIT ? OFFSET ?
"""

WRONG = """
SELECT answer, count(*) AS times FROM rollouts
WHERE problem = ? AND correct = 0 AND answer IS NOT NULL GROUP BY answer ORDER BY times DESC, answer LIMIT 1
"""


def problems(run: OpenRun, sort: str = "-visits", text: str = "", offset: int = 0, limit: int = 100) -> Row:
    """The problems whose id or question holds `text`, as far as they are indexed.

    `sort` is one of `SORTS`, descending with a leading `-`. Raises `UserError` for any other.
    """
    name, direction = (sort[1:], "DESC") if sort.startswith("-") else (sort, "ASC")
    if name not in SORTS:
        raise UserError(f"sort: is {sort!r}; it must be one of {', '.join(SORTS)}, with - for descending")
    indexed = run.index.refresh()
    with run.index.reading() as index:
        if index is None:
            return {"total": 0, "rows": [], "indexed": indexed}
        where, values = (
            ("instr(lower(p.name || ' ' || ifnull(p.question, '')), lower(?))", [text]) if text else ("1", [])
        )
        counted = f"SELECT count(*) FROM totals t JOIN problems p ON p.id = t.problem WHERE {where}"
        total = index.execute(counted, values).fetchone()[0]
        query = SELECT.format(where=where, column=SORTS[name], direction=direction)
        rows = [_row(index, found) for found in index.execute(query, (*values, limit, offset)).fetchall()]
    return {"total": total, "rows": rows, "indexed": indexed}


def _row(index: sqlite3.Connection, found: tuple[Any, ...]) -> Row:
    number, name, question, gold, visits, n, judged, correct, truncated, signals, last, *ends = found
    first, now = share(ends[1], ends[0]), share(ends[3], ends[2])
    wrong = index.execute(WRONG, (number,)).fetchone()
    return {
        "problem": name,
        "question": None if question is None else question[:QUESTION],
        "gold": gold,
        "visits": visits,
        "responses": n,
        "last": last,
        "share": share(correct, judged),
        "first": first,
        "now": now,
        "change": now["value"] - first["value"] if first and now else None,
        "trend": _trend(index, number),
        "signal": signals / visits,
        "truncated": truncated / n,
        "wrong": {"answer": wrong[0], "count": wrong[1]} if wrong else None,
    }


def _trend(index: sqlite3.Connection, number: int) -> list[float]:
    """The pass shares of a problem's visits, thinned to `TREND`; the first and the newest are among them."""
    found = index.execute("SELECT judged, correct FROM visits WHERE problem = ? ORDER BY step, grp", (number,))
    shares = [correct / judged for judged, correct in found if judged]
    if len(shares) <= TREND:
        return shares
    return [shares[round(at * (len(shares) - 1) / (TREND - 1))] for at in range(TREND)]
