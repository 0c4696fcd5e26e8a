"""Every key of a recipe is described, in words that a person would choose."""

import pytest

from whet.config import Config, SftConfig
from whet.recipe.keys import describe_keys, dotted, is_known, key_of, known_keys, pattern, to_path

BY_NAME = {key.key: key for key in describe_keys()}


def test_every_field_of_every_section_is_there_with_its_sentence() -> None:
    for name in Config.model_fields:
        assert name in BY_NAME
    for name in SftConfig.model_fields:
        key = {"source": "from"}.get(name, name)
        assert BY_NAME[f"sft.{key}"].sentence == " ".join((SftConfig.model_fields[name].description or "").split())
    assert all(key.sentence.strip() and "\n" not in key.sentence for key in describe_keys())
    assert {"model.lora.rank", "data.train.params", "data.test.name", "rewards.*.weight"} <= set(BY_NAME)


def test_defaults_are_those_of_the_place_and_not_of_the_class() -> None:
    assert BY_NAME["sft.optimizer.learning_rate"].default == 2e-5
    assert BY_NAME["grpo.optimizer.learning_rate"].default == 1e-6
    assert BY_NAME["grpo.optimizer.betas"].default == [0.9, 0.999]
    assert BY_NAME["grpo"].default is None
    assert BY_NAME["rewards"].default[0]["name"] == "accuracy"


def test_required_keys() -> None:
    required = {key.key for key in describe_keys() if key.required}
    assert {"model", "model.name", "data", "data.train", "data.train.name", "rewards.*.name"} <= required
    assert "grpo.steps" not in required


def test_choices_and_types() -> None:
    assert BY_NAME["sft.when"].choices == ("auto", "always", "never")
    assert BY_NAME["model.name"].choices == ()
    assert BY_NAME["grpo.steps"].types == {int}
    assert {list, str} <= BY_NAME["model.lora.targets"].types


def test_the_parameters_of_rewards_and_sources_are_listed() -> None:
    size = BY_NAME["rewards[repetition].params.size"]
    assert (size.kind, size.default) == ("a whole number (at least 1, at most 100)", 4)
    assert BY_NAME["rewards[judge].params.endpoint"].required
    assert BY_NAME["data.train[arithmetic].params.working"].kind == "a mapping of none, short, full to values"
    assert {"data.train[a file].params.hold_out", "data.train[owner/name].params.config"} <= set(BY_NAME)
    assert not any("params" in key for key in known_keys() if "[" in key)


def test_paths() -> None:
    assert to_path("rewards.0.weight") == ("rewards", 0, "weight")
    assert pattern(("rewards", 0, "weight")) == "rewards.*.weight"
    assert dotted(("rewards", 0, "weight")) == "rewards.0.weight"
    assert known_keys() is known_keys()


@pytest.mark.parametrize(
    ("name", "known"),
    [
        ("grpo.steps", True),
        ("rewards.3", True),
        ("rewards.3.params.anything", True),
        ("data.train.columns.question", True),
        ("grpo.optimizer.betas.1", True),
        ("model.lora.targets.0", True),
        ("grpo.setps", False),
        ("grpo.steps.0", False),
        ("grpo.optimizer.betas.1.x", False),
        ("rewards.x", False),
        ("", False),
    ],
)
def test_what_a_recipe_may_hold(name: str, known: bool) -> None:
    assert is_known(to_path(name)) is known


def test_a_value_in_a_list_belongs_to_its_key() -> None:
    found = key_of(("grpo", "optimizer", "betas", 1))
    assert found is not None
    assert found.key == "grpo.optimizer.betas"
    assert key_of(("no", "such")) is None
