"""One step with all its groups."""

from pathlib import Path

import pytest

from page_runs import RIGHT, lines, metrics_line, page_run, step_records, timings_line
from whet.dashboard.open_run import OpenRun
from whet.dashboard.rows.missing import MissingError
from whet.dashboard.rows.step_view import newest_step, records_of, step_view


@pytest.fixture
def run(tmp_path: Path) -> OpenRun:
    return OpenRun(page_run(tmp_path / "r"))


def test_a_step_is_its_groups_in_order(run: OpenRun) -> None:
    found = step_view(run, 1)
    assert (found["step"], found["previous"], found["next"]) == (1, 0, 2)
    assert [(one["group"], one["problem"], one["right"]) for one in found["groups"]] == [(0, "p-1", 3), (1, "p-0", 0)]
    assert [[card["sample"] for card in one["samples"]] for one in found["groups"]] == [[0, 1, 2, 3]] * 2
    figures = {key: value for key, value in metrics_line(1).items() if key not in ("phase", "step")}
    assert found["metrics"] == figures
    assert found["timings"] == {k: v for k, v in timings_line(1).items() if isinstance(v, float)}


def test_without_a_number_it_is_the_newest(run: OpenRun) -> None:
    found = step_view(run)
    assert (found["step"], found["previous"], found["next"]) == (3, 2, None)
    assert [one["step"] for one in found["findings"]] == [3]
    assert found["groups"][1]["right"] == RIGHT[3][1]


def test_a_step_that_is_not_there_names_the_nearest(run: OpenRun) -> None:
    with pytest.raises(MissingError, match="no rollouts of step 9 are on disk; the nearest is 3") as error:
        step_view(run, 9)
    assert error.value.more == {"nearest": 3}


def test_a_run_without_rollouts(tmp_path: Path) -> None:
    run = OpenRun(page_run(tmp_path / "r", steps=0))
    for step in (None, 0):
        with pytest.raises(MissingError, match="no rollouts"):
            step_view(run, step)


def test_rollouts_may_be_there_before_their_metrics(run: OpenRun) -> None:
    (run.path / "metrics.jsonl").write_text(lines([metrics_line(step) for step in range(3)]))
    found = step_view(run, 3)
    assert (found["metrics"], found["previous"], found["next"]) == ({}, 2, None)
    assert newest_step(run) == 3


def test_a_link_in_place_of_a_step_is_not_read(run: OpenRun, tmp_path: Path) -> None:
    outside = tmp_path / "outside.jsonl"
    outside.write_text(lines(step_records(0)))
    (run.path / "rollouts" / "step-000007.jsonl").symlink_to(outside)
    with pytest.raises(MissingError):
        records_of(run, 7)
