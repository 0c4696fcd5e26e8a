"""Curves: what there is, the points of a window, the marks."""

from pathlib import Path

import pytest

from page_runs import RIGHT, page_run
from whet.dashboard.open_run import OpenRun
from whet.dashboard.rows.added import added
from whet.dashboard.rows.curves import curves, series


@pytest.fixture
def run(tmp_path: Path) -> OpenRun:
    return OpenRun(page_run(tmp_path / "r"))


def test_without_names_it_says_which_there_are(run: OpenRun) -> None:
    found = curves(run)
    assert found["series"] == []
    assert found["names"][:2] == ["reward", "frac_reward_zero_std"]
    assert {"step_time", "seconds/rollout", "completions/tokens"} <= set(found["names"])
    assert found["steps"] == [0, 3]


def test_a_series_is_that_of_the_file(run: OpenRun) -> None:
    reward, seconds = curves(run, ["reward", "seconds/rollout", "no such thing"])["series"]
    assert reward == {"name": "reward", "x": [0, 1, 2, 3], "y": [sum(two) / 8 for two in RIGHT], "of": 4}
    assert seconds["y"] == [4.0] * 4


def test_a_window_holds_both_its_ends(run: OpenRun) -> None:
    (found,) = curves(run, ["reward"], first=1, last=2)["series"]
    assert (found["x"], found["of"]) == ([1, 2], 2)
    assert curves(run, ["reward"], first=9)["series"][0]["x"] == []


def test_points_are_limited(run: OpenRun) -> None:
    assert len(curves(run, ["reward"], points=2)["series"][0]["x"]) <= 2


def test_findings_and_evaluations_are_marks(run: OpenRun) -> None:
    found = curves(run)
    assert [one["step"] for one in found["findings"]] == [3]
    assert [one["step"] for one in found["evaluations"]] == [0, 4]
    assert curves(run, phase="sft")["evaluations"] == []


def test_its_cursor_goes_on_where_the_curve_ends(run: OpenRun) -> None:
    assert added(run, curves(run, ["reward"])["cursor"]) == {"cursor": curves(run)["cursor"]}


def test_a_run_without_steps_has_no_curves(tmp_path: Path) -> None:
    found = curves(OpenRun(page_run(tmp_path / "r", steps=0)), ["reward"])
    assert (found["names"], found["series"], found["steps"]) == ([], [], None)


def test_a_series_may_begin_late(run: OpenRun) -> None:
    with (run.path / "metrics.jsonl").open("a") as file:
        file.write('{"phase": "grpo", "step": 4, "kl": 0.5}\n')
    found = series(run.metrics.phase("grpo"), "kl", 100)
    assert found["y"] == [None, None, None, None, 0.5]
