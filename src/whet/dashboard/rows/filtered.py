"""Rollouts of many steps that fulfil conditions: by ending, verdict, signal, problem, answer, reward parts."""

import json
import sqlite3
from collections.abc import Iterator, Mapping
from typing import Any

from whet.dashboard.open_run import OpenRun
from whet.dashboard.rows.samples import sample
from whet.dashboard.rows.shares import Row
from whet.dashboard.rows.step_view import CHARS
from whet.errors import UserError, did_you_mean
from whet.runs.index.step_file import read_line

CONDITIONS = {
    "from": "r.step >= ?",
    "to": "r.step <= ?",
    "finish": "r.finish = ?",
    "correct": "r.correct = ?",
    "signal": "r.signal = ?",
    "answer": "r.answer = ?",
    "problem": "r.problem = (SELECT id FROM problems WHERE name = ?)",
}
"""By parameter, the condition that it stands for."""

FIGURES = {
    "reward": "r.reward",
    "length": "r.length",
    "advantage": "r.advantage",
    "logprob": "r.logprob",
}
"""Figures of a rollout that can be bounded and sorted by, besides its reward parts."""

SORTS = {"step": "r.step {0}, r.grp, r.sample"} | {
    name: f"{column} IS NULL, {column} {{0}}, r.step, r.grp, r.sample" for name, column in FIGURES.items()
}


def rollouts(run: OpenRun, conditions: Mapping[str, Any], sort: str = "-step", offset: int = 0, limit: int = 50) -> Row:
    """The rollouts that fulfil all `conditions`: parameters of `CONDITIONS`, and `part` with `min` or `max`.

    `sort` is `step` or one of `FIGURES`, descending with a leading `-`. Only what is indexed so far is looked at.

    Raises `UserError` for a sort or part that is unknown.
    """
    indexed = run.index.refresh()
    order = _order(sort)
    with run.index.reading() as index:
        if index is None:
            return {"total": 0, "rows": [], "indexed": indexed}
        where, values = _where(conditions, _parts(index))
        total = index.execute(f"SELECT count(*) FROM rollouts r WHERE {where}", values).fetchone()[0]
        query = f"SELECT step, start, bytes FROM rollouts r WHERE {where} ORDER BY {order} LIMIT ? OFFSET ?"
        places = index.execute(query, (*values, limit, offset)).fetchall()
    return {"total": total, "rows": list(_rows(run, places)), "indexed": indexed}


def _rows(run: OpenRun, places: list[tuple[int, int, int]]) -> Iterator[Row]:
    for step, start, size in places:
        record = read_line(run.path, step, start, size)
        if record is None:  # the file has changed since it was indexed
            continue
        head = {key: record.get(key) for key in ("step", "group", "problem", "question", "gold")}
        yield {**head, **sample(run, record, CHARS)}


def _parts(index: sqlite3.Connection) -> list[str]:
    """The names of the reward parts, as the first rollout has them."""
    found = index.execute("SELECT parts FROM rollouts LIMIT 1").fetchone()
    return list(json.loads(found[0])) if found else []


def _where(conditions: Mapping[str, Any], parts: list[str]) -> tuple[str, list[Any]]:
    """The condition in SQL and its values."""
    given = {key: value for key, value in conditions.items() if value is not None}
    texts = [CONDITIONS[key] for key in CONDITIONS if key in given]
    values = [given[key] for key in CONDITIONS if key in given]
    for bound, sign in (("min", ">="), ("max", "<=")):
        if bound in given:
            column, path = _column(str(given.get("part") or "reward"), parts)
            texts.append(f"{column} {sign} ?")
            values += [*path, given[bound]]
    return " AND ".join(texts) or "1", values


def _column(part: str, parts: list[str]) -> tuple[str, list[str]]:
    """The SQL of a figure or reward part, and the values of its placeholders."""
    if part in FIGURES:
        return FIGURES[part], []
    if part not in parts:
        known = [*FIGURES, *parts]
        raise UserError(f"part: is {part!r}; it must be one of {', '.join(known)}{did_you_mean(part, known)}")
    quoted = part.replace('"', '\\"')
    return "json_extract(r.parts, ?)", [f'$."{quoted}"']


def _order(sort: str) -> str:
    name, direction = (sort[1:], "DESC") if sort.startswith("-") else (sort, "ASC")
    if name not in SORTS:
        raise UserError(f"sort: is {sort!r}; it must be one of {', '.join(SORTS)}, with - for descending")
    return SORTS[name].format(direction)
