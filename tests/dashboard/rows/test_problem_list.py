"""The problems of a run."""

from pathlib import Path

import pytest

from page_runs import page_run, write_rollouts
from whet.dashboard.open_run import OpenRun
from whet.dashboard.rows.problem_list import SORTS, problems
from whet.errors import UserError


@pytest.fixture
def run(tmp_path: Path) -> OpenRun:
    run = OpenRun(page_run(tmp_path / "r"))
    run.index.build()
    return run


def test_a_problem_with_its_shares_by_hand(run: OpenRun) -> None:
    """p-0 is group 0 of steps 0, 2 and 3 and group 1 of step 1: 1, 0, 2, 4 of 4 are right."""
    found = problems(run, sort="problem")
    assert found["total"] == 2
    one = found["rows"][0]
    assert (one["problem"], one["question"], one["gold"], one["visits"], one["responses"]) == (
        *("p-0", "What is 1 + 1?", "2"),
        *(4, 16),
    )
    assert (one["share"]["right"], one["share"]["n"]) == (7, 16)
    assert (one["first"]["value"], one["now"]["value"], one["change"]) == (0.25, 1.0, 0.75)
    assert one["trend"] == [0.25, 0.0, 0.5, 1.0]
    assert (one["signal"], one["truncated"], one["last"]) == (0.5, 0.0, 3)


def test_the_wrong_answers_are_counted_by_hand(run: OpenRun) -> None:
    """Wrong ones of p-0: step 0 samples 1–3 (4, 3, 4), step 1 samples 0–3 (3, 4, 3, 4), step 2 samples 2, 3 (3, 4)."""
    said = ["4", "3", "4", "3", "4", "3", "4", "3", "4"]
    assert problems(run, sort="problem")["rows"][0]["wrong"] == {"answer": "4", "count": said.count("4")}


@pytest.mark.parametrize("sort", [*SORTS, *(f"-{name}" for name in SORTS)])
def test_every_sort_gives_every_problem_once(run: OpenRun, sort: str) -> None:
    assert sorted(row["problem"] for row in problems(run, sort=sort)["rows"]) == ["p-0", "p-1"]


def test_sorts_go_both_ways(run: OpenRun) -> None:
    assert [row["problem"] for row in problems(run, sort="share")["rows"]] == ["p-0", "p-1"]
    assert [row["problem"] for row in problems(run, sort="-share")["rows"]] == ["p-1", "p-0"]
    with pytest.raises(UserError, match="sort: is 'colour'"):
        problems(run, sort="colour")


def test_a_text_filters_ids_and_questions(run: OpenRun) -> None:
    assert [row["problem"] for row in problems(run, text="40 + 2")["rows"]] == ["p-1"]
    assert problems(run, text="P-0")["total"] == 1
    assert problems(run, text="%")["total"] == 0


def test_pages(run: OpenRun) -> None:
    assert [row["problem"] for row in problems(run, sort="problem", offset=1, limit=1)["rows"]] == ["p-1"]


def test_a_new_step_is_indexed_when_asked(tmp_path: Path) -> None:
    folder = page_run(tmp_path / "r", steps=3)
    run = OpenRun(folder)
    assert problems(run)["rows"][0]["visits"] == 3
    write_rollouts(folder, 3)
    run.index.build()
    assert problems(run)["rows"][0]["visits"] == 4


def test_a_run_without_rollouts_has_no_problems(tmp_path: Path) -> None:
    found = problems(OpenRun(page_run(tmp_path / "r", steps=0)))
    assert (found["total"], found["rows"], found["indexed"]["whole"]) == (0, [], True)


def test_a_long_trend_is_thinned_and_keeps_both_ends(run: OpenRun, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("whet.dashboard.rows.problem_list.TREND", 3)
    assert problems(run, sort="problem")["rows"][0]["trend"] == [0.25, 0.5, 1.0]
