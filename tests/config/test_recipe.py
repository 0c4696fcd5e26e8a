"""The settings of a recipe as a model of data; how refusals are worded is `whet.recipe`'s."""

from collections.abc import Iterator
from typing import Any

import pytest
from pydantic import BaseModel, ValidationError

from whet import config
from whet.config import (
    ComputeConfig,
    Config,
    FormatConfig,
    OptimizerConfig,
    RewardConfig,
    SftConfig,
    SourceConfig,
    WeightConfig,
)

LEAST: dict[str, Any] = {"model": "m", "data": {"train": {"name": "arithmetic"}}}


def sections() -> Iterator[type[BaseModel]]:
    for value in vars(config).values():
        if isinstance(value, type) and issubclass(value, config.Section):
            yield value


def test_a_model_and_problems_are_enough() -> None:
    made = Config.model_validate(LEAST)
    assert made.model.name == "m"
    assert [reward.name for reward in made.rewards] == ["accuracy"]
    with pytest.raises(ValidationError):
        Config.model_validate({"model": "m"})
    with pytest.raises(ValidationError):
        Config.model_validate({"data": LEAST["data"]})


@pytest.mark.parametrize(
    ("short", "long"),
    [
        ({"model": "m"}, {"model": {"name": "m"}}),
        ({"format": "boxed"}, {"format": {"name": "boxed"}}),
        ({"sft": "never"}, {"sft": {"when": "never"}}),
        ({"compute": {"processes": 2, "ray": "auto"}}, {"compute": {"processes": 2, "ray": {"address": "auto"}}}),
        ({"rewards": ["a", {"name": "b"}]}, {"rewards": [{"name": "a"}, {"name": "b"}]}),
    ],
)
def test_shorthands(short: dict[str, Any], long: dict[str, Any]) -> None:
    assert Config.model_validate({**LEAST, **short}) == Config.model_validate({**LEAST, **long})


@pytest.mark.parametrize("section", sections(), ids=lambda section: section.__name__)
def test_every_knob_has_a_sentence(section: type[BaseModel]) -> None:
    for name, field in section.model_fields.items():
        text = " ".join((field.description or "").split())
        assert text.endswith("."), f"{section.__name__}.{name}"


@pytest.mark.parametrize("section", sections(), ids=lambda section: section.__name__)
def test_sections_are_strict_and_frozen(section: type[BaseModel]) -> None:
    assert section.model_config["extra"] == "forbid"
    assert section.model_config["frozen"]


def test_nothing_changes_once_it_is_made() -> None:
    made = Config.model_validate(LEAST)
    with pytest.raises(ValidationError):
        made.seed = 1


@pytest.mark.parametrize(
    ("where", "values"),
    [
        ("seed", [-1, 2**31, 0.5, "x"]),
        ("grpo.group_size", [1, 0, -8]),
        ("grpo.steps", [-1]),
        ("grpo.prompts_per_step", [0]),
        ("grpo.sampling.temperature", [0, -1, 11]),
        ("grpo.sampling.top_p", [0, 1.01]),
        ("grpo.sampling.max_tokens", [0]),
        ("grpo.objective.clip_low", [-0.1, 1.1]),
        ("grpo.objective.beta", [-0.1]),
        ("grpo.objective.iterations", [0]),
        ("grpo.objective.aggregation", ["mean"]),
        ("grpo.optimizer.learning_rate", [0, -1e-6, 2]),
        ("grpo.optimizer.betas", [[0.9], [0.9, 1.0], [-0.1, 0.9]]),
        ("grpo.optimizer.max_grad_norm", [0]),
        ("model.lora.rank", [0]),
        ("model.lora.dropout", [1.0]),
        ("sft.held_out", [-1]),
        ("eval.problems", [0]),
        ("run.keep", [0]),
        ("rewards", [[], [{"name": "accuracy", "on_error": "ignore"}]]),
        ("rewards", [[{"name": "accuracy", "weight": weight}] for weight in ({}, {"start": 1, "end": 0}, "heavy")]),
        ("rewards", [[{"name": "a", "weight": {"start": 1, "end": 0, "steps": steps}}] for steps in (0, -1, 0.5)]),
        ("format.custom.tags", [[]]),
    ],
)
def test_values_out_of_range_are_refused(where: str, values: list[Any]) -> None:
    *above, last = where.split(".")
    for value in values:
        tree: dict[str, Any] = {"model": {"name": "m"}, "data": LEAST["data"]}
        node = tree
        for part in above:
            node = node.setdefault(part, {})
        node[last] = value
        with pytest.raises(ValidationError) as refused:
            Config.model_validate(tree)
        assert ".".join(str(part) for part in refused.value.errors()[0]["loc"]).startswith(where.split(".")[0])


def test_the_warm_start_has_an_optimizer_of_its_own() -> None:
    assert SftConfig().optimizer.learning_rate == 2e-5
    assert OptimizerConfig().learning_rate == 1e-6


def test_a_weight_is_a_number_or_a_schedule() -> None:
    assert RewardConfig.model_validate({"name": "x", "weight": 2}).weight == 2.0
    moving = RewardConfig.model_validate({"name": "x", "weight": {"start": 1, "end": 0, "steps": 5}})
    assert moving.weight == WeightConfig(start=1.0, end=0.0, steps=5, after=0, shape="linear")
    assert RewardConfig.model_validate(moving.model_dump()) == moving


def test_small_sections() -> None:
    assert SourceConfig(name="gsm8k").params == {}
    assert RewardConfig(name="x").on_error == "skip"
    assert FormatConfig().name == "think_answer"


def test_processes_on_a_cluster_have_a_core_and_a_gpu_where_it_has_some() -> None:
    made = ComputeConfig.model_validate({"processes": 2, "ray": {"address": "gpu-7:6379"}})
    assert made.ray
    assert made.ray.model_dump() == {"address": "gpu-7:6379", "cpus": 1, "gpus": None}


@pytest.mark.parametrize(
    ("wrong", "what"),
    [
        ({"ray": "auto"}, "ray names a cluster, but processes is 1, which runs on this machine; set processes to 2 or"),
        ({"processes": 2, "ray": "local"}, "address is 'local'; use auto, or HOST:PORT of a cluster's head"),
        ({"processes": 2, "ray": "ray://:hunter2@gpu-7:1"}, "address is 'ray://…@gpu-7:1'; use auto"),
        ({"processes": 2, "ray": {"cpus": 0}}, "greater than 0"),
        ({"processes": 2, "ray": {"gpus": 2}}, "Input should be 0 or 1"),
    ],
)
def test_what_is_no_cluster_for_processes_is_refused(wrong: dict[str, Any], what: str) -> None:
    with pytest.raises(ValidationError, match=what):
        ComputeConfig.model_validate(wrong)
