"""What the check found."""

import json
from pathlib import Path

from page_runs import page_run
from whet.dashboard.open_run import OpenRun
from whet.dashboard.rows.check_view import check

OLD = {
    "gold": {"checked": 8, "failed": 0, "examples": []},
    "lengths": {"prompts": {"longest": 115}, "solutions": None},
    "probe": {"pass_at_1": 0.25, "mean_length": 12.0, "mean_reward": None},
    "diagnosis": {"cause": "truncated", "sentence": "All are cut.", "fix": "--grpo.sampling.max_tokens 72"},
}


def test_a_run_without_a_check(tmp_path: Path) -> None:
    assert check(OpenRun(page_run(tmp_path / "r"))) == {"checks": []}


def test_a_report_of_an_older_run_is_shown_from_its_figures(tmp_path: Path) -> None:
    folder = page_run(tmp_path / "r")
    (folder / "check.json").write_text(json.dumps(OLD))
    (found,) = check(OpenRun(folder))["checks"]
    assert {"what": "right answers (pass@1)", "figure": "25 %", "note": ""} in found["rows"]
    assert [row["what"] for row in found["rows"]] == [
        *("right answers (pass@1)", "response tokens", "prompt tokens, longest"),
    ]
    assert found["causes"] == [
        {"name": "truncated", "sentence": "All are cut.", "fix": "--grpo.sampling.max_tokens 72"}
    ]
    assert (found["histograms"], found["passes"], found["report"]) == ([], None, OLD)


def test_what_a_report_says_itself_is_taken(tmp_path: Path) -> None:
    folder = page_run(tmp_path / "r")
    rows = [{"what": "a", "figure": "1", "note": "n"}]
    bars = [{"name": "x", "edges": [0, 1], "counts": [3]}]
    several = {"found": [{"cause": "a", "sentence": "A.", "fix": "f"}, {"cause": "b", "sentence": "B.", "fix": None}]}
    new = OLD | {"rows": rows, "histograms": bars, "verdict": "goes on", "passes": True, "diagnosis": several}
    (folder / "check-sft.json").write_text(json.dumps(new))
    (folder / "check.json").write_text(json.dumps(OLD))
    before, after = check(OpenRun(folder))["checks"]
    assert (before["stage"], after["stage"], after["title"]) == ("", "sft", "after the warm start")
    assert (after["rows"], after["histograms"], after["verdict"], after["passes"]) == (rows, bars, "goes on", True)
    assert [one["name"] for one in after["causes"]] == ["a", "b"]


def test_a_damaged_report_is_left_out(tmp_path: Path) -> None:
    folder = page_run(tmp_path / "r")
    (folder / "check.json").write_text("{")
    (folder / "check-sft.json").write_text("[]")
    assert check(OpenRun(folder)) == {"checks": []}
