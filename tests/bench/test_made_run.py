"""A made run is a run as Whet writes it: the reader and the page read it."""

from pathlib import Path

from benchmarks.made_run import make_run
from whet.dashboard.open_run import OpenRun
from whet.dashboard.rows.overview import overview
from whet.dashboard.rows.problem_list import problems


def test_a_made_run_is_read_like_any_other(tmp_path: Path) -> None:
    run = OpenRun(make_run(tmp_path / "made", steps=6, groups=2, size=4, tokens=(30, 60), problems=3))
    found = overview(run)
    assert (found["run"]["state"], found["run"]["step"], found["run"]["steps"]) == ("finished", 6, 6)
    assert [one["stage"] for one in found["stages"]] == ["base", "step-000003", "final"]
    assert found["stages"][-1]["accuracy"]["value"] > found["stages"][0]["accuracy"]["value"]
    run.index.build()
    assert sum(row["responses"] for row in problems(run)["rows"]) == 48


def test_equal_seeds_make_equal_runs(tmp_path: Path) -> None:
    a, b = (make_run(tmp_path / name, steps=2, groups=1, size=2, tokens=(30, 40), problems=3) for name in "ab")
    for name in ("metrics.jsonl", "rollouts/step-000001.jsonl", "eval/final.jsonl"):
        assert (a / name).read_bytes() == (b / name).read_bytes()
