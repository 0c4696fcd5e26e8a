"""What a run cost, against sums by hand."""

from pathlib import Path

import pytest

from page_runs import lines, metrics_line, page_run
from whet.dashboard.open_run import OpenRun
from whet.dashboard.rows.waste import cost, waste


@pytest.fixture
def run(tmp_path: Path) -> OpenRun:
    return OpenRun(page_run(tmp_path / "r"))


def test_the_cost_of_four_steps_by_hand(run: OpenRun) -> None:
    found = cost(run)
    assert found["steps"] == 4
    # the log covers two minutes, the steps forty seconds of them
    assert found["seconds"] == {"rollout": 16.0, "grade": 4.0, "reference": 0.0, "learn": 20.0, "other": 80.0}
    assert found["whole"] == 120.0
    assert (found["efficiency"], found["efficiency_of"]) == (0.5, {"rollout": 0.25, "learn": 0.6})
    assert (found["tokens"], found["per_second"]) == (80.0, 2.0)
    assert found["tokens_truncated"] == 3.0  # one of eight responses, of three tokens
    assert (found["groups"], found["groups_no_signal"], found["groups_discarded"]) == (8.0, 4.0, 0)


def test_groups_that_dynamic_sampling_drops_count(run: OpenRun) -> None:
    more = {"dynamic/groups": 5.0, "dynamic/waste_ratio": 0.6, "replay/rollouts": 2.0}
    (run.path / "metrics.jsonl").write_text(lines([metrics_line(0) | more, metrics_line(1)]))
    found = cost(run)
    assert (found["groups_discarded"], found["replayed"]) == (3.0, 2.0)


def test_cells_and_the_newest_step(run: OpenRun) -> None:
    found = waste(run, cells=2)
    cells = found["cells"]
    assert (cells["first"], cells["last"], cells["learn"], cells["rollout"]) == ([0, 2], [1, 3], [5.0, 5.0], [4.0, 4.0])
    assert cells["no_signal"] == [0.5, 0.5]
    assert found["step"] == {
        "step": 3,
        "parts": [
            {"phase": "rollout", "seconds": 4.0, "least": 1.0},
            {"phase": "grade", "seconds": 1.0, "least": None},
            {"phase": "reference", "seconds": 0.0, "least": None},
            {"phase": "learn", "seconds": 5.0, "least": 3.0},
        ],
    }
    assert waste(run, first=1, last=2)["cells"]["first"] == [1, 2]


def test_a_run_without_steps_costs_what_its_log_says(tmp_path: Path) -> None:
    run = OpenRun(page_run(tmp_path / "r", steps=0))
    found = waste(run)
    assert (found["step"], found["cells"]["first"], found["total"]["whole"]) == (None, [], 120.0)
    assert found["total"]["efficiency"] is None
