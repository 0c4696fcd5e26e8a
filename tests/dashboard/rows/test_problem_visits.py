"""One problem over the steps."""

from pathlib import Path

import pytest

from page_runs import page_run
from whet.dashboard.open_run import OpenRun
from whet.dashboard.rows.missing import MissingError
from whet.dashboard.rows.problem_visits import WRONG, kind_of, kinds_of, problem


@pytest.fixture
def run(tmp_path: Path) -> OpenRun:
    run = OpenRun(page_run(tmp_path / "r"))
    run.index.build()
    return run


def test_the_visits_of_a_problem_by_hand(run: OpenRun) -> None:
    """p-1: 4 of 4 in step 0, 3 in step 1, 4 in step 2; in step 3 the first is right, two say 44 and 43, one is cut."""
    found = problem(run, "p-1")
    assert (found["question"], found["gold"]) == ("What is 40 + 2?", "42")
    assert (found["share"]["right"], found["share"]["n"]) == (12, 16)
    assert found["kinds"] == [
        {"answer": "42", "kind": "right", "count": 12},
        {"answer": "44", "kind": "wrong", "count": 2},
        {"answer": "43", "kind": "wrong", "count": 1},
        {"answer": None, "kind": "cut", "count": 1},
    ]
    visits = [(one["step"], one["group"], one["share"]["value"], one["counts"]) for one in found["visits"]]
    assert visits == [
        (0, 1, 1.0, [4, 0, 0, 0]),
        (1, 0, 0.75, [3, 1, 0, 0]),
        (2, 1, 1.0, [4, 0, 0, 0]),
        (3, 1, 0.25, [1, 1, 1, 1]),
    ]
    assert [one["signal"] for one in found["visits"]] == [False, True, False, True]
    low, high = (found["visits"][3]["share"][end] for end in ("low", "high"))
    assert (round(low, 3), round(high, 3)) == (0.046, 0.699)  # Wilson of 1 of 4


def test_a_problem_that_is_not_there(run: OpenRun) -> None:
    with pytest.raises(MissingError, match="problem: p-9 is not in this run"):
        problem(run, "p-9")


def test_what_is_not_indexed_yet_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    run = OpenRun(page_run(tmp_path / "r"))
    monkeypatch.setattr(run.index, "refresh", lambda: {"steps": 0, "of": 4, "whole": False, "fault": None})
    with pytest.raises(MissingError, match="not in the 0 of 4 steps indexed so far"):
        problem(run, "p-1")


def test_kinds_of_responses() -> None:
    assert kind_of(0, None, "stop") == ("none", None)
    assert kind_of(None, "7", "stop") == ("answer", "7")
    assert kind_of(1, None, "length") == ("right", None)


def test_many_wrong_answers_become_others() -> None:
    said = [(0, 0, 0, str(number), "stop") for number in range(WRONG + 3)] + [
        (0, 0, 0, "0", "stop"),
        (0, 0, 1, "x", "stop"),
    ]
    kinds = kinds_of(said)
    assert kinds[:2] == [("right", None), ("wrong", "0")]
    assert len(kinds) == 1 + WRONG + 1
    assert kinds[-1] == ("others", None)


def test_the_counts_of_a_visit_add_up_where_there_are_others(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("whet.dashboard.rows.problem_visits.WRONG", 1)
    run = OpenRun(page_run(tmp_path / "r"))
    run.index.build()
    found = problem(run, "p-1")
    assert [one["kind"] for one in found["kinds"]] == ["right", "wrong", "others", "cut"]
    assert [one["count"] for one in found["kinds"]] == [12, 2, 1, 1]
    assert all(sum(one["counts"]) == one["n"] for one in found["visits"])
