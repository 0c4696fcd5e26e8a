"""The table of planned and actual figures."""

from pathlib import Path

from benchmarks.plan_error import CASES, settings, table
from whet.recipe import load_recipe

ROW = {
    "case": "a case",
    "plan": {"seconds": 90.0, "memory_peak": 2.2e9},
    "run": {"phases": [["Check", 40.0], ["GRPO", 60.0]], "peak_bytes": 2e9},
}


def test_errors_are_of_the_plan_over_the_run() -> None:
    assert table([ROW]).splitlines()[-1] == "| a case | 90 | 100 | -10 % | 2.20 | 2.00 | +10 % |"


def test_every_case_is_a_recipe(tmp_path: Path) -> None:
    assert len(CASES) >= 10
    for case in CASES:
        assert load_recipe("quickstart", settings(case, tmp_path, tmp_path)).grpo.steps == 3
