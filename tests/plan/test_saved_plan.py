"""Plans kept by their recipe, and beside what a run took."""

import json
from pathlib import Path

import pytest

from whet.plan.run_plan import PlannedPhase, RunPlan
from whet.plan.saved_plan import beside_actual, by_planned_phase, keep_plan, kept_plan, place_plan, plan_of_run
from whet.recipe import load_recipe

NAMES = ("Load", "Check", "Evaluate the base model", "Warm start", "Evaluate the warm start", "GRPO")
PLAN = RunPlan("here", True, tuple(PlannedPhase(name, 10.0) for name in NAMES), {"weights": 3e9}, 9e9, 1, 1, {})


@pytest.fixture(autouse=True)
def _cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WHET_CACHE", str(tmp_path / "cache"))


def test_a_plan_is_kept_for_its_recipe_alone() -> None:
    config = load_recipe("quickstart")
    assert kept_plan(config) is None
    keep_plan(config, PLAN)
    assert (kept_plan(config) or {})["seconds"] == 60.0
    assert kept_plan(load_recipe("quickstart", {"run.name": "mine"})) is not None  # the name changes nothing
    assert kept_plan(load_recipe("quickstart", {"grpo.steps": 7})) is None


def test_a_cache_that_cannot_be_written_keeps_none(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("WHET_CACHE", str(tmp_path / "file"))
    keep_plan(load_recipe("quickstart"), PLAN)
    assert kept_plan(load_recipe("quickstart")) is None


def test_phases_are_set_side_by_side(tmp_path: Path) -> None:
    spent = [["Load", 1.0], ["Check", 2.0], ["Evaluate the base model", 4.0], ["Warm start", 8.0]]
    spent += [["Evaluate the warm start", 16.0], ["Check", 32.0], ["GRPO", 64.0], ["Evaluate, step 2", 128.0]]
    spent += [["GRPO", 256.0]]
    (tmp_path / "phases.json").write_text(json.dumps({"phases": spent, "peak_bytes": 2e9}))
    rows = {name: (before, after) for name, before, after in beside_actual(PLAN.as_dict(), tmp_path)}
    assert rows["Check"] == (10.0, 2.0)
    assert rows["Evaluate the warm start"] == (10.0, 16.0 + 32.0)
    assert rows["GRPO"] == (10.0, 64.0 + 128.0 + 256.0)
    assert rows["whole run"] == (60.0, 511.0)
    assert rows["memory"] == (3e9, 2e9)


def test_a_warm_start_that_was_not_planned_has_its_own_row() -> None:
    found = by_planned_phase([("Check", 1.0), ("Warm start", 2.0), ("GRPO", 4.0)], ["Check", "GRPO"])
    assert found == {"Check": 1.0, "GRPO": 4.0, "Warm start": 2.0}


def test_a_run_without_times_has_no_rows(tmp_path: Path) -> None:
    assert beside_actual(PLAN.as_dict(), tmp_path) == []


def test_a_plan_is_placed_in_the_run(tmp_path: Path) -> None:
    assert plan_of_run(tmp_path) is None
    place_plan(PLAN.as_dict(), tmp_path)
    assert plan_of_run(tmp_path) == PLAN.as_dict()
