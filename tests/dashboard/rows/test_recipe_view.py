"""Recipes, and what differs between them."""

from pathlib import Path

import pytest

from page_runs import RECIPE, page_run
from whet.dashboard.open_run import OpenRun
from whet.dashboard.rows.recipe_view import diff, leaves, recipe
from whet.errors import UserError
from whet.recipe import dump_recipe, load_recipe


def test_keys_stand_beside_their_defaults(tmp_path: Path) -> None:
    folder = page_run(tmp_path / "r")
    (folder / "recipe.yaml").write_text(dump_recipe(load_recipe("quickstart", [("grpo.group_size", 16)])))
    found = recipe(OpenRun(folder))
    rows = {row["key"]: row for row in found["rows"]}
    size = rows["grpo.group_size"]
    assert (size["value"], size["default"], size["changed"]) == (16, 8, True)
    assert size["says"]
    assert not rows["grpo.objective.clip_low"]["changed"]
    assert rows["rewards.0.name"]["value"] == "accuracy"
    assert found["text"].startswith("seed: 0")
    assert found["manifest"]["format"] == 1


def test_only_keys_that_differ_are_in_a_diff(tmp_path: Path) -> None:
    runs = []
    for name, text in (("a", RECIPE), ("b", RECIPE.replace("group_size: 4", "group_size: 8") + "run: {name: b}\n")):
        folder = page_run(tmp_path / name)
        (folder / "recipe.yaml").write_text(text)
        runs.append(OpenRun(folder))
    found = diff(runs)
    assert found["runs"] == ["a", "b"]
    assert [(row["key"], row["values"]) for row in found["rows"]] == [("grpo.group_size", [4, 8])]
    assert found["same"] == 11
    assert diff(runs[:1])["rows"] == []


def test_a_key_that_one_run_has_not_is_none_there(tmp_path: Path) -> None:
    a, b = (OpenRun(page_run(tmp_path / name)) for name in "ab")
    (b.path / "recipe.yaml").write_text(RECIPE + "- {name: format_soft, weight: 0.5}\n")
    rows = {row["key"]: row["values"] for row in diff([a, b])["rows"]}
    assert rows == {"rewards.1.name": [None, "format_soft"], "rewards.1.weight": [None, 0.5]}


def test_a_recipe_that_is_gone_is_one_line(tmp_path: Path) -> None:
    run = OpenRun(page_run(tmp_path / "r"))
    (run.path / "recipe.yaml").unlink()
    with pytest.raises(UserError, match="recipe: cannot be read"):
        recipe(run)


def test_leaves_of_a_tree() -> None:
    tree = {"a": None, "b": {"c": [1, 2]}, "d": {}}
    assert list(leaves(tree)) == [(("a",), None), (("b", "c"), [1, 2]), (("d",), {})]
