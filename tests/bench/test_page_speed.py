"""The page's speed is measured over a real server."""

from pathlib import Path

import pytest

from benchmarks.made_run import make_run
from benchmarks.page_speed import measure, spread


def test_every_figure_is_measured(tmp_path: Path) -> None:
    run = make_run(tmp_path / "runs" / "made", steps=10, groups=8, size=2, tokens=(30, 40), problems=5)
    found = measure(run, rounds=2, seconds=0.1, index_seconds=120)
    assert (found["steps"], found["index"]["steps"]) == (10, 10)
    assert found["first paint, cold"]["together"] > 0
    assert {"change of step", "problem over the steps", "filter over all steps"} <= set(found["questions"])
    assert found["eight clients"]["poll"]["n"] >= 1
    assert found["eight clients"]["memory"] > 10


def test_a_spread_of_times() -> None:
    assert spread([float(number) for number in range(1, 101)]) == {"median": 50.5, "p95": 95.0, "most": 100.0, "n": 100}
    assert spread([2.0])["most"] == pytest.approx(2.0)
