"""The strip of steps."""

from pathlib import Path

import pytest

from page_runs import page_run
from whet.dashboard.open_run import OpenRun
from whet.dashboard.rows.strip import strip


@pytest.fixture
def run(tmp_path: Path) -> OpenRun:
    return OpenRun(page_run(tmp_path / "r"))


def test_a_cell_for_each_step(run: OpenRun) -> None:
    found = strip(run)
    assert (found["first"], found["last"], found["count"], found["newest"]) == (0, 3, 4, 3)
    assert found["cells"] == {
        "first": [0, 1, 2, 3],
        "last": [0, 1, 2, 3],
        "reward": [5 / 8, 3 / 8, 6 / 8, 5 / 8],
        "signal": [0.5, 0.5, 0.5, 0.5],
        "truncated": [0.0, 0.0, 0.0, 0.125],
        "length": [2.5] * 4,
        "findings": [0, 0, 0, 1],
    }
    assert found["reward_range"] == [3 / 8, 6 / 8]


def test_neighbours_share_a_cell_where_there_are_too_many(run: OpenRun) -> None:
    cells = strip(run, cells=2)["cells"]
    assert (cells["first"], cells["last"]) == ([0, 2], [1, 3])
    assert cells["reward"] == [4 / 8, 5.5 / 8]
    assert cells["findings"] == [0, 1]


def test_a_window_of_steps(run: OpenRun) -> None:
    found = strip(run, first=1, last=2)
    assert (found["cells"]["first"], found["count"], found["newest"], found["findings"]) == ([1, 2], 2, 3, [])


def test_a_run_without_steps(tmp_path: Path) -> None:
    found = strip(OpenRun(page_run(tmp_path / "r", steps=0)))
    assert (found["first"], found["count"], found["cells"]["reward"], found["reward_range"]) == (None, 0, [], None)


def test_a_figure_that_is_not_there_is_none_in_every_cell(tmp_path: Path) -> None:
    folder = page_run(tmp_path / "r", steps=1)
    (folder / "metrics.jsonl").write_text('{"phase": "grpo", "step": 0, "loss": 0.0}\n')
    assert strip(OpenRun(folder))["cells"]["signal"] == [None]
