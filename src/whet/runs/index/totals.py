"""The summaries of the rollout index: a row per visit of a problem, and a row per problem over all its visits."""

import sqlite3
from collections import defaultdict
from collections.abc import Sequence
from statistics import fmean
from typing import Any

VISIT = """
INSERT INTO totals VALUES (:problem, 1, :n, :judged, :correct, :truncated, :signal,
  :step, :judged, :correct, :step, :judged, :correct)
ON CONFLICT (problem) DO UPDATE SET
  visits = visits + 1, n = n + excluded.n, judged = judged + excluded.judged, correct = correct + excluded.correct,
  truncated = truncated + excluded.truncated, signals = signals + excluded.signals,
  first_judged = CASE WHEN excluded.first < first THEN excluded.first_judged ELSE first_judged END,
  first_correct = CASE WHEN excluded.first < first THEN excluded.first_correct ELSE first_correct END,
  first = min(first, excluded.first),
  last_judged = CASE WHEN excluded.last >= last THEN excluded.last_judged ELSE last_judged END,
  last_correct = CASE WHEN excluded.last >= last THEN excluded.last_correct ELSE last_correct END,
  last = max(last, excluded.last)
"""
"""Adds one visit to its problem's totals; visits of one step come in the order of their groups."""

ANEW = "SELECT step, grp, n, judged, correct, signal, truncated FROM visits WHERE problem = ? ORDER BY step, grp"


def add_visits(connection: sqlite3.Connection, rows: Sequence[tuple[Any, ...]]) -> None:
    """Adds the visits that rows of the table `rollouts` make up, and brings their problems' totals up to date."""
    groups: defaultdict[tuple[int, int, int], list[tuple[Any, ...]]] = defaultdict(list)
    for row in rows:
        groups[row[3], row[0], row[1]].append(row)
    for (problem, step, grp), group in sorted(groups.items()):
        n, judged, correct, reward, signal, truncated, length = _figures(group)
        visit = (problem, step, grp, n, judged, correct, reward, signal, truncated, length)
        connection.execute("INSERT OR REPLACE INTO visits VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)", visit)
        _add(connection, problem, step, n, judged, correct, signal, truncated)


def _add(connection: sqlite3.Connection, problem: int, step: int, *figures: int) -> None:
    names = ("n", "judged", "correct", "signal", "truncated")
    connection.execute(VISIT, {"problem": problem, "step": step, **dict(zip(names, figures, strict=True))})


def _figures(group: Sequence[tuple[Any, ...]]) -> tuple[Any, ...]:
    """n, judged, correct, mean reward, signal, truncated, mean length of the rows of one group."""
    verdicts = [row[9] for row in group if row[9] is not None]
    rewards = [row[4] for row in group if row[4] is not None]
    return (
        len(group), len(verdicts), sum(verdicts), fmean(rewards) if rewards else None, group[0][12],
        sum(row[8] == "length" for row in group), fmean(row[7] for row in group),
    )  # fmt: skip


def drop_step(connection: sqlite3.Connection, step: int) -> None:
    """Takes a step out of all tables; a problem that was visited in no other step loses its totals."""
    problems = connection.execute("SELECT DISTINCT problem FROM visits WHERE step = ?", (step,)).fetchall()
    for table in ("files", "rollouts", "visits"):
        connection.execute(f"DELETE FROM {table} WHERE step = ?", (step,))
    connection.executemany("DELETE FROM totals WHERE problem = ?", problems)
    for (problem,) in problems:
        for visited, _group, *figures in connection.execute(ANEW, (problem,)).fetchall():
            _add(connection, problem, visited, *figures)
