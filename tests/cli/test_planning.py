"""`whet plan`: of a recipe, for a card, of a run."""

import io
import json
from pathlib import Path
from typing import Any

import pytest

import whet.plan.make_plan as module
from doubling import rows
from whet.cli.main import main
from whet.cli.planning import show_beside_plan
from whet.plan.run_plan import PlannedPhase, RunPlan
from whet.plan.saved_plan import keep_plan
from whet.recipe import dump_recipe, load_recipe

PLAN = RunPlan("here", True, (PlannedPhase("GRPO", 3600.0),), {"weights": 1e9}, 2e9, 1, 1, {})


@pytest.fixture(autouse=True)
def asked(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> list[Any]:
    monkeypatch.setenv("WHET_CACHE", str(tmp_path / "cache"))
    heard: list[Any] = []

    def make_plan(config: Any, view: Any, device: str | None) -> RunPlan:
        heard.append((config.grpo.steps, device))
        return PLAN

    monkeypatch.setattr(module, "make_plan", make_plan)
    return heard


def status(*words: str) -> int:
    with pytest.raises(SystemExit) as end:
        main(words)
    return int(end.value.code or 0)


def test_a_recipe_is_planned(asked: list[Any], capsys: pytest.CaptureFixture[str]) -> None:
    assert status("plan", "quickstart", "--json", "--price-per-hour", "2.5", "--grpo.steps", "7") == 0
    found = json.loads(capsys.readouterr().out)
    assert (found["seconds"], found["cost"]) == (3600.0, 2.5)
    assert asked == [(7, None)]


def test_a_card_is_passed_on(asked: list[Any], capsys: pytest.CaptureFixture[str]) -> None:
    assert status("plan", "quickstart", "--device", "h100") == 0
    assert asked[0][1] == "h100"
    assert "whole run" in capsys.readouterr().out


def test_a_wrong_price_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    assert status("plan", "quickstart", "--price-per-hour", "-1") == 2
    assert "--price-per-hour: is -1" in capsys.readouterr().err


def a_run(folder: Path) -> Path:
    folder.mkdir()
    (folder / "recipe.yaml").write_text(dump_recipe(load_recipe("quickstart")), encoding="utf-8")
    (folder / "manifest.json").write_text('{"format": 1}', encoding="utf-8")
    (folder / "phases.json").write_text(json.dumps({"phases": [["GRPO", 4000.0]], "peak_bytes": 1e9}))
    return folder


def test_after_a_run_its_figures_stand_beside_its_plan(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    run, config = a_run(tmp_path / "run"), load_recipe("quickstart")
    show_beside_plan(config, run)
    assert capsys.readouterr().out == ""  # nobody planned it
    keep_plan(config, PLAN)
    show_beside_plan(config, run)
    assert "-10 %" in capsys.readouterr().out
    assert status("plan", str(run), "--json") == 0
    rows = {row["name"]: row for row in json.loads(capsys.readouterr().out)["rows"]}
    assert rows["GRPO"] == {"name": "GRPO", "planned": 3600.0, "actual": 4000.0}


def test_a_run_that_nobody_planned(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert status("plan", str(a_run(tmp_path / "run"))) == 2
    assert "was not planned before it ran" in capsys.readouterr().err


def test_a_recipe_is_written_for_a_file(
    tiny_folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    assert status("init", str(rows(tmp_path, 60)), "--model", str(tiny_folder), "--yes") == 0
    said = capsys.readouterr().out
    assert "60 problems, without a test split" in said
    assert "1 of 3" in said
    assert "wrote rows.yaml; next: whet check rows.yaml" in said
    assert load_recipe("rows.yaml").model.name == str(tiny_folder)
    assert status("init", "rows.jsonl", "--yes", "--to", "rows.yaml") == 2
    assert "is there already" in capsys.readouterr().err


def test_the_end_of_the_input_takes_the_defaults(
    tiny_folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("sys.stdin", io.StringIO("\nboxed\n"))
    assert status("init", str(rows(tmp_path, 60)), "--model", str(tiny_folder)) == 0
    assert load_recipe("rows.yaml").format.name == "boxed"
