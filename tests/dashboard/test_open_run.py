"""A run opened for reading."""

import json
from pathlib import Path

import pytest

from page_runs import lines, metrics_line, page_run, write_evaluation
from whet.dashboard.open_run import KEPT, open_run, refuse_links
from whet.errors import UserError


def test_figures_follow_the_files(tmp_path: Path) -> None:
    run = open_run(page_run(tmp_path / "r", steps=2))
    assert list(run.metrics.phase("grpo").steps) == [0, 1]
    with (run.path / "metrics.jsonl").open("a") as file:
        file.write(lines([metrics_line(2)]))
    assert list(run.metrics.phase("grpo").steps) == [0, 1, 2]
    assert list(run.timings.phase("grpo").values["step_time"]) == [10.0, 10.0]


def test_records_are_read_once_and_again_when_they_change(tmp_path: Path) -> None:
    run = open_run(page_run(tmp_path / "r"))
    assert run.records("base") is run.records("base")
    assert sum(one.correct for one in run.records("base").values()) == 2
    write_evaluation(run.path, "base", {0, 1, 2})
    assert sum(one.correct for one in run.records("base").values()) == 3
    for stage in ("nothing", "../base", ""):
        assert run.records(stage) == {}
    for number in range(KEPT + 2):
        write_evaluation(run.path, f"step-{number:06d}", {0})
        assert len(run.records(f"step-{number:06d}")) == 5
    assert len(run._records) == KEPT


def test_damaged_records_are_no_records(tmp_path: Path) -> None:
    run = open_run(page_run(tmp_path / "r"))
    (run.path / "eval" / "base.jsonl").write_text('{"id": 1}\n')
    assert run.records("base") == {}


def test_the_format_is_the_recipe_s(tmp_path: Path) -> None:
    run = open_run(page_run(tmp_path / "r"))
    assert run.response_format is not None
    assert run.response_format.name == "think_answer"
    other = page_run(tmp_path / "other")
    (other / "recipe.yaml").write_text("format: {name: from_the_future}\n")
    assert open_run(other).response_format is None
    assert open_run(other).judge({"text": "the answer is 4", "gold": "4"}).answer == "4"


def test_the_log_tells_how_long_it_took(tmp_path: Path) -> None:
    assert open_run(page_run(tmp_path / "r")).logged_seconds() == 120.0


def test_what_is_no_run_or_of_another_format_is_refused(tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    with pytest.raises(UserError, match="is not a run folder"):
        open_run(tmp_path / "empty")
    old = page_run(tmp_path / "old")
    (old / "manifest.json").write_text(json.dumps({"format": 7}))
    with pytest.raises(UserError, match="is of format 7"):
        open_run(old)


def test_links_that_lead_out_are_refused(tmp_path: Path) -> None:
    folder = page_run(tmp_path / "r")
    (folder / "copy.yaml").symlink_to(folder / "recipe.yaml")
    refuse_links(folder)
    (tmp_path / "secret").write_text("x")
    (folder / "eval" / "more.jsonl").symlink_to(tmp_path / "secret")
    with pytest.raises(UserError, match="is a link that leads out of the run folder"):
        open_run(folder)


def test_lines_of_a_step_and_none_where_there_is_no_file(tmp_path: Path) -> None:
    run = open_run(page_run(tmp_path / "r"))
    assert [line.record["sample"] for line in run.step_lines(0) or []] == [0, 1, 2, 3] * 2
    assert run.step_lines(77) is None
