"""The key that was meant: misspelt, misplaced, or called as another trainer calls it."""

import pytest

from whet.recipe.keys import known_keys, to_path
from whet.recipe.suggest import ALIASES, suggest, unknown_key


@pytest.mark.parametrize(
    ("wrong", "meant"),
    [
        ("grpo.setps", "grpo.steps"),
        ("grop.steps", "grpo.steps"),
        ("grop.setps", "grpo.steps"),
        ("modle", "model"),
        ("reward", "rewards"),
        ("rewards.0.wieght", "rewards.0.weight"),
        ("rewards.2.nme", "rewards.2.name"),
        ("model.lora.rnak", "model.lora.rank"),
        ("grpo.optimiser.learning_rate", "grpo.optimizer.learning_rate"),
        ("grpo.group-size", "grpo.group_size"),
        ("sft.optimizer.warmup", "sft.optimizer.warmup_steps"),
    ],
)
def test_misspelt(wrong: str, meant: str) -> None:
    assert suggest(to_path(wrong)) == meant


@pytest.mark.parametrize(
    ("wrong", "meant"),
    [
        ("grpo.learning_rate", "grpo.optimizer.learning_rate"),
        ("sft.learning_rate", "sft.optimizer.learning_rate"),
        ("learning_rate", "grpo.optimizer.learning_rate"),
        ("grpo.beta", "grpo.objective.beta"),
        ("grpo.loss_type", "grpo.objective.name"),
        ("grpo.objective.loss_type", "grpo.objective.name"),
        ("delta", "grpo.objective.clip_dual"),
        ("entropy_coef", "grpo.objective.entropy_bonus"),
        ("importance_sampling_level", "grpo.objective.ratio"),
        ("mask_truncated_completions", "grpo.objective.mask_truncated"),
        ("multi_objective_aggregation", "grpo.objective.combine"),
        ("grpo.max_tokens", "grpo.sampling.max_tokens"),
        ("temperature", "grpo.sampling.temperature"),
        ("group_size", "grpo.group_size"),
        ("save_every", "run.save_every"),
        ("lora", "model.lora"),
        ("data.name", "data.train.name"),
        ("weight", "rewards.0.weight"),
    ],
)
def test_misplaced(wrong: str, meant: str) -> None:
    assert suggest(to_path(wrong)) == meant


@pytest.mark.parametrize(
    ("wrong", "meant"),
    [
        ("lr", "grpo.optimizer.learning_rate"),
        ("grpo.num_generations", "grpo.group_size"),
        ("grpo.max_completion_length", "grpo.sampling.max_tokens"),
        ("sft.max_steps", "sft.steps"),
        ("sft.batch_size", "sft.batch_size"),
        ("grpo.batch_size", "grpo.prompts_per_step"),
        ("output_dir", "run.folder"),
    ],
)
def test_called_otherwise(wrong: str, meant: str) -> None:
    assert suggest(to_path(wrong)) == meant


def test_every_other_name_stands_for_a_key_that_exists() -> None:
    last_parts = {name.rpartition(".")[2] for name in known_keys()}
    assert set(ALIASES.values()) <= last_parts


def test_nonsense_is_left_alone() -> None:
    assert suggest(("zzzzzzzzz",)) is None
    assert suggest(("qqqq", "zzzzzzzzz")) is None
    assert suggest(("",)) is None


def test_a_refusal_ends_with_what_was_meant_or_where_to_look() -> None:
    assert unknown_key(("grpo", "setps")) == "unknown key; did you mean grpo.steps?"
    assert unknown_key(("zzzzzzzzz",)) == "unknown key; `whet keys` lists them all"
