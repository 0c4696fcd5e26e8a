"""Shorthands, files, overrides and section defaults, on trees."""

from pathlib import Path
from typing import Any

import pytest

from whet.recipe.keys import to_path
from whet.recipe.tree import longhand, name_files, override, with_section_defaults


def overridden(tree: dict[str, Any], key: str, value: Any) -> dict[str, Any]:
    override(tree, to_path(key), value)
    return tree


def test_shorthands_are_written_out() -> None:
    assert longhand({"model": "tiny", "sft": "auto", "format": "boxed", "rewards": ["a", {"name": "b"}]}) == {
        "model": {"name": "tiny"},
        "sft": {"when": "auto"},
        "format": {"name": "boxed"},
        "rewards": [{"name": "a"}, {"name": "b"}],
    }
    assert longhand({"model": 7, "rewards": "a"}) == {"model": 7, "rewards": "a"}
    assert longhand({"run": {"trackers": ["wandb", {"name": "trackio"}], "push": "me/model", "keep": 3}}) == {
        "run": {"trackers": [{"name": "wandb"}, {"name": "trackio"}], "push": {"repo": "me/model"}, "keep": 3}
    }
    assert longhand({"run": {"trackers": "wandb"}}) == {"run": {"trackers": "wandb"}}


@pytest.mark.parametrize(
    ("key", "text", "tree"),
    [
        ("grpo.steps", "3", {"grpo": {"steps": 3}}),
        ("run.push", "me/model", {"run": {"push": {"repo": "me/model"}}}),
        ("run.push", "null", {"run": {"push": None}}),
        ("run.trackers", "[wandb]", {"run": {"trackers": ["wandb"]}}),
        ("run.trackers.0", "wandb", {"run": {"trackers": [{"name": "wandb"}]}}),
        ("grpo.optimizer.learning_rate", "1e-5", {"grpo": {"optimizer": {"learning_rate": 1e-5}}}),
        ("model", "tiny", {"model": {"name": "tiny"}}),
        ("sft", "never", {"sft": {"when": "never"}}),
        ("format", "boxed", {"format": {"name": "boxed"}}),
        ("model.lora", "{rank: 8}", {"model": {"lora": {"rank": 8}}}),
        ("model.lora", "null", {"model": {"lora": None}}),
        ("run.name", "7", {"run": {"name": "7"}}),
        ("run.name", "null", {"run": {"name": None}}),
        ("format.system_prompt", "Say: yes", {"format": {"system_prompt": "Say: yes"}}),
        ("format.system_prompt", "", {"format": {"system_prompt": ""}}),
        ("data.train.params.level", "3", {"data": {"train": {"params": {"level": 3}}}}),
        ("rewards", "[accuracy, integer]", {"rewards": ["accuracy", "integer"]}),
        ("grpo.steps", 3, {"grpo": {"steps": 3}}),
    ],
)
def test_an_override_makes_its_sections(key: str, text: Any, tree: dict[str, Any]) -> None:
    assert overridden({}, key, text) == tree


def test_an_override_leaves_the_rest_of_a_section() -> None:
    tree = {"model": {"name": "a", "dtype": "float32"}, "grpo": {"steps": 1, "group_size": 4}}
    assert overridden(tree, "model", "b")["model"] == {"name": "b", "dtype": "float32"}
    assert overridden(tree, "grpo.steps", "2")["grpo"] == {"steps": 2, "group_size": 4}


def test_places_in_lists() -> None:
    rewards: dict[str, Any] = {"rewards": [{"name": "a"}, {"name": "b"}]}
    overridden(rewards, "rewards.1.weight", "2")
    overridden(rewards, "rewards.0", "c")
    overridden(rewards, "rewards.2.name", "d")
    assert rewards["rewards"] == [{"name": "c"}, {"name": "b", "weight": 2}, {"name": "d"}]
    with pytest.raises(ValueError, match=r"there are 3; the next one is rewards\.3"):
        overridden(rewards, "rewards.7.name", "e")


def test_a_place_in_a_list_that_is_left_out_starts_from_the_default() -> None:
    betas = overridden({}, "grpo.optimizer.betas.1", "0.95")
    assert betas["grpo"]["optimizer"]["betas"] == [0.9, 0.95]
    assert overridden({}, "grpo.optimizer.betas.1", "0.5")["grpo"]["optimizer"]["betas"][0] == 0.9
    (reward,) = overridden({}, "rewards.0.weight", "2")["rewards"]
    assert (reward["name"], reward["weight"]) == ("accuracy", 2)


def test_unknown_keys_are_refused() -> None:
    tree: dict[str, Any] = {}
    with pytest.raises(ValueError, match=r"unknown key; did you mean grpo\.steps\?"):
        overridden(tree, "grpo.setps", "3")
    assert tree == {}


def test_what_is_put_in_place_stays_the_callers_own() -> None:
    own = {"name": "gsm8k"}
    tree: dict[str, Any] = {}
    override(tree, ("data", "train"), own)
    override(tree, ("data", "train", "limit"), 8)
    assert (own, tree["data"]["train"]) == ({"name": "gsm8k"}, {"name": "gsm8k", "limit": 8})


def test_files_are_named_by_their_whole_path(tmp_path: Path) -> None:
    for name in ("a.jsonl", "r.py", "gsm8k"):
        (tmp_path / name).write_text("")
    tree: dict[str, Any] = {
        "data": {
            "train": {"name": "a.jsonl"},
            "test": {"name": "gsm8k", "path": "a.jsonl"},
            "mix": [3, {"name": "a.jsonl"}],
        },
        "sft": {"data": {"name": "b.jsonl"}},
        "rewards": [{"name": "r.py:f"}, {"name": "s.py:f"}, {"name": "a.jsonl"}],
    }
    name_files(tree, tmp_path)
    assert tree["data"] == {
        "train": {"name": str(tmp_path / "a.jsonl")},
        "test": {"name": "gsm8k", "path": str(tmp_path / "a.jsonl")},
        "mix": [3, {"name": str(tmp_path / "a.jsonl")}],
    }
    assert tree["sft"]["data"]["name"] == "b.jsonl"
    assert [r["name"] for r in tree["rewards"]] == [f"{tmp_path / 'r.py'}:f", "s.py:f", "a.jsonl"]


@pytest.mark.parametrize("tree", [{}, {"data": 3}, {"data": {"train": "x"}}, {"rewards": 3}, {"rewards": [3, None]}])
def test_malformed_trees_name_no_files(tree: dict[str, Any], tmp_path: Path) -> None:
    before = repr(tree)
    name_files(tree, tmp_path)
    assert repr(tree) == before


def test_section_defaults_fill_what_is_left_out_and_only_that() -> None:
    tree = {"sft": {"optimizer": {"warmup_steps": 0}}, "grpo": {"optimizer": {"betas": [0.9, 0.9]}}}
    assert with_section_defaults(tree) == {
        "sft": {"optimizer": {"learning_rate": 2e-5, "warmup_steps": 0}},
        "grpo": {"optimizer": {"betas": [0.9, 0.9]}},
    }
    assert with_section_defaults({"sft": {"when": "auto"}}) == {"sft": {"when": "auto"}}
    assert with_section_defaults({"sft": 3}) == {"sft": 3}


@pytest.mark.parametrize(("name", "found"), [("tiny", True), ("SmolLM2-135M-Instruct", False), ("", False)])
def test_a_model_folder_beside_a_recipe_is_named_by_its_whole_path(tmp_path: Path, name: str, found: bool) -> None:
    """So that a run can be measured and talked to from anywhere."""
    (tmp_path / "tiny").mkdir()
    tree = {"model": {"name": name}}
    name_files(tree, tmp_path)
    assert tree["model"]["name"] == (str(tmp_path / "tiny") if found else name)
