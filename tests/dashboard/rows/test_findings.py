"""Findings, with the rollouts that show them."""

import json
from pathlib import Path

import pytest

from page_runs import lines, page_run
from whet.dashboard.open_run import OpenRun
from whet.dashboard.rows.filtered import CONDITIONS, SORTS, rollouts
from whet.dashboard.rows.findings import SHOWN_BY, findings, found_in
from whet.diagnose.detectors import DETECTORS


@pytest.fixture
def run(tmp_path: Path) -> OpenRun:
    return OpenRun(page_run(tmp_path / "r"))


def test_a_finding_says_where_it_belongs(run: OpenRun) -> None:
    (found,) = findings(run)["findings"]
    assert found == {
        "id": "truncated-3",
        "step": 3,
        "detector": "truncated",
        "title": "truncated",
        "figure": 0.3,
        "threshold": 0.25,
        "sentence": "Cut.",
        "fix": "More.",
        "metrics": ["completions/clipped_ratio"],
        "rollouts": {"from": 1, "to": 3, "finish": "length"},
    }


def test_the_rollouts_of_a_finding_show_it(run: OpenRun) -> None:
    run.index.build()
    query = found_in(run)[0]["rollouts"]
    found = rollouts(run, query)
    assert [(row["step"], row["group"], row["sample"]) for row in found["rows"]] == [(3, 1, 3)]


def test_every_detector_says_which_rollouts_show_it() -> None:
    assert set(SHOWN_BY) == {detector.name for detector in DETECTORS}
    for query in SHOWN_BY.values():
        assert set(query) <= {*CONDITIONS, "sort"}
        assert query.get("sort", "step").removeprefix("-") in SORTS


def test_findings_between_steps(run: OpenRun) -> None:
    (run.path / "health.jsonl").write_text(lines([{"step": step, "detector": "truncated"} for step in (0, 2, 5)]))
    assert [one["step"] for one in found_in(run, 1, 4)] == [2]
    assert [one["step"] for one in found_in(run)] == [0, 2, 5]


def test_a_detector_of_another_version_and_damaged_lines_are_no_obstacle(run: OpenRun) -> None:
    known = json.dumps({"step": 30, "detector": "new_one", "sentence": "Odd."})
    (run.path / "health.jsonl").write_text(known + '\n{"ste\n[]\n{"step": 31, "det')
    (found,) = found_in(run)
    assert (found["title"], found["metrics"], found["rollouts"]) == ("new one", [], {"from": 21, "to": 30})


def test_no_findings_is_an_empty_list(tmp_path: Path) -> None:
    run = OpenRun(page_run(tmp_path / "q"))
    (run.path / "health.jsonl").unlink()
    assert findings(run) == {"findings": []}
