"""Summaries per visit and per problem, against a count by hand."""

import sqlite3
from collections.abc import Iterator
from pathlib import Path

import pytest

from page_runs import RIGHT, page_run, problem_of
from whet.formats import BUILT_IN
from whet.runs.index.fill import fill
from whet.runs.index.judge_rollout import judge_by
from whet.runs.index.totals import drop_step


@pytest.fixture
def index(tmp_path: Path) -> Iterator[sqlite3.Connection]:
    run = page_run(tmp_path / "r")
    fill(run, tmp_path / "i.sqlite", judge_by(BUILT_IN["think_answer"], ("accuracy",)))
    connection = sqlite3.connect(tmp_path / "i.sqlite")
    yield connection
    connection.close()


def by_hand(steps: list[int]) -> dict[str, tuple[int, ...]]:
    """visits, n, judged, correct, truncated, signals, first, its judged and correct, last, its judged and correct."""
    found: dict[str, tuple[int, ...]] = {}
    for name in ("p-0", "p-1"):
        visits = [(s, g) for s in steps for g in range(2) if problem_of(s, g)[0] == name]
        rights = [RIGHT[s][g] for s, g in visits]
        n = 4 * len(visits)
        cut, signals = sum(visit == (3, 1) for visit in visits), sum(right in (1, 2, 3) for right in rights)
        ends = (visits[0][0], 4, rights[0], visits[-1][0], 4, rights[-1])
        found[name] = (len(visits), n, n, sum(rights), cut, signals, *ends)
    return found


def totals(index: sqlite3.Connection) -> dict[str, tuple[int, ...]]:
    query = "SELECT name, t.* FROM totals t JOIN problems p ON p.id = t.problem"
    return {name: tuple(rest) for name, _number, *rest in index.execute(query)}


def test_totals_are_those_of_a_count_by_hand(index: sqlite3.Connection) -> None:
    assert totals(index) == by_hand([0, 1, 2, 3])


def test_a_visit_has_the_figures_of_its_group(index: sqlite3.Connection) -> None:
    query = "SELECT n, judged, correct, reward, signal, truncated, length FROM visits WHERE step = 3 ORDER BY grp"
    assert index.execute(query).fetchall() == [(4, 4, 4, 1.0, 0, 0, 2.5), (4, 4, 1, 0.25, 1, 1, 2.5)]


@pytest.mark.parametrize("step", [0, 1, 3])
def test_a_step_that_is_dropped_leaves_the_totals_of_the_others(index: sqlite3.Connection, step: int) -> None:
    drop_step(index, step)
    assert totals(index) == by_hand([one for one in range(4) if one != step])


def test_a_problem_without_visits_has_no_totals(index: sqlite3.Connection) -> None:
    for step in range(4):
        drop_step(index, step)
    assert totals(index) == {}
    assert index.execute("SELECT count(*) FROM rollouts").fetchone() == (0,)
