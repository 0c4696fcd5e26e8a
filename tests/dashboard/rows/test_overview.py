"""The first screen."""

import json
from pathlib import Path

import pytest

from page_runs import lines, page_run, step_records
from whet.dashboard.open_run import OpenRun
from whet.dashboard.rows.overview import overview


@pytest.fixture
def run(tmp_path: Path) -> OpenRun:
    return OpenRun(page_run(tmp_path / "r"))


def test_it_answers_four_questions(run: OpenRun) -> None:
    found = overview(run)
    assert found["headline"].startswith("No gain is certain: answers in the format's place went from 40.0 to 60.0 %")
    assert found["verdict"] == {"kind": "undecided"}
    assert [one["id"] for one in found["findings"]] == ["truncated-3"]
    assert found["reward"] == {"x": [0, 1, 2, 3], "y": [5 / 8, 3 / 8, 6 / 8, 5 / 8]}
    assert found["cost"]["steps"] == 4
    assert found["run"]["step"] == 4
    assert [one["stage"] for one in found["stages"]] == ["base", "final"]
    json.dumps(found, allow_nan=False)


def test_three_samples_are_chosen(run: OpenRun) -> None:
    records = step_records(3)
    records[6]["logprobs"] = [-4.0, -5.0]  # the third of group 1
    (run.path / "rollouts" / "step-000003.jsonl").write_text(lines(records))
    gained, wrong, strange = overview(run)["samples"]
    assert (gained["kind"], gained["problem"]) == ("gained", "t-3")
    assert (gained["before"]["correct"], gained["after"]["correct"]) == (False, True)
    assert (wrong["kind"], wrong["problem"], wrong["after"]["answer"]) == ("wrong", "t-0", "0")
    assert (strange["kind"], strange["rollout"]) == ("strange", {"step": 3, "group": 1, "sample": 2})
    assert strange["why"] == "least likely of step 3: -4.50 nats a token"
    assert strange["after"]["response"] == records[6]["text"]


def test_a_run_that_has_just_begun_is_shown_too(tmp_path: Path) -> None:
    folder = page_run(tmp_path / "r", steps=0)
    for path in (folder / "eval").iterdir():
        path.unlink()
    found = overview(OpenRun(folder))
    assert (found["headline"], found["samples"], found["findings"], found["reward"]) == (
        None,
        [],
        [],
        {"x": [], "y": []},
    )
