"""The evaluations of a run in the order of training."""

import json
from pathlib import Path

from page_runs import page_run, write_evaluation
from whet.dashboard.open_run import OpenRun
from whet.dashboard.rows.stages import accuracy, stages, step_of


def test_stages_come_in_the_order_of_training_whatever_their_files_say(tmp_path: Path) -> None:
    folder = page_run(tmp_path / "r")
    for stage in ("step-000002", "sft", "mine"):
        write_evaluation(folder, stage, {0})
    found = stages(OpenRun(folder))
    assert [(one["stage"], one["step"]) for one in found] == [
        ("base", 0),
        ("sft", 0),
        ("step-000002", 2),
        ("final", 4),
        ("mine", None),
    ]
    assert [one["title"] for one in found] == ["before", "after the warm start", "after 2 steps", "after", "mine"]
    assert (found[0]["accuracy"]["right"], found[0]["accuracy"]["n"]) == (2, 5)
    assert found[0]["sampled"] == {"pass@2": 0.6}
    assert found[0]["lenient"] is None


def test_a_summary_that_cannot_be_read_hides_nothing_else_of_the_run(tmp_path: Path) -> None:
    folder = page_run(tmp_path / "r")
    (folder / "eval" / "final.json").write_text("{")
    (folder / "eval" / "odd.json").write_text("[1]")
    assert [one["stage"] for one in stages(OpenRun(folder))] == ["base"]


def test_a_figure_of_another_form_is_none() -> None:
    assert accuracy({"problems": 10}) is None
    assert accuracy({"problems": "10", "accuracy": 0.5}) is None
    assert accuracy(json.loads('{"problems": 3, "accuracy": 0.6666666}')) == accuracy(
        {"problems": 3, "accuracy": 2 / 3}
    )


def test_a_name_that_only_looks_like_a_step_has_none() -> None:
    assert step_of("step-last", 9) is None
