"""Figures of each reward function, by hand."""

import math
from dataclasses import replace
from typing import Any

import pytest

from batches import prompt, rollout
from whet.config import WeightConfig
from whet.rewards.mixture import Part
from whet.rewards.part_metrics import part_metrics
from whet.types import Group, Reward


def never(**columns: Any) -> list[float | None]:
    raise AssertionError("no function is called")


def groups(*values: dict[str, float | None]) -> list[Group]:
    """A group of one rollout for each."""
    return [Group(prompt("1"), (rollout([7]),), (Reward(None, parts),)) for parts in values]


def test_over_the_rollouts_it_applies_to() -> None:
    parts = [Part("a", never, max_score=1.0), Part("b", never), Part("c", never, max_score=1.0)]
    told = groups({"a": 1.0, "b": None}, {"a": 0.0, "b": 3.0}, {"a": 0.0}, {"a": 1.0, "c": None})
    metrics = part_metrics(told, parts, 0)
    assert metrics == {
        "rewards/a/mean": 0.5,
        "rewards/a/std": pytest.approx(math.sqrt(1 / 3)),
        "rewards/a/none_ratio": 0.0,
        "rewards/a/full_ratio": 0.5,
        "rewards/b/mean": 3.0,
        "rewards/b/std": 0.0,
        "rewards/b/none_ratio": 0.75,
        "rewards/c/mean": 0.0,
        "rewards/c/std": 0.0,
        "rewards/c/none_ratio": 1.0,
        "rewards/c/full_ratio": 0.0,
    }


def test_the_full_mark_of_a_penalty_is_zero() -> None:
    told = groups({"p": 0.0}, {"p": -0.5}, {"p": -1e-12}, {"p": None})
    metrics = part_metrics(told, [Part("p", never, max_score=0.0)], 0)
    assert metrics["rewards/p/full_ratio"] == pytest.approx(2 / 3)
    assert metrics["rewards/p/none_ratio"] == 0.25


def test_the_weight_is_told_where_it_moves() -> None:
    moving = Part("a", never, WeightConfig(start=2, end=0, steps=10))
    metrics = part_metrics(groups({"a": 1.0, "b": 1.0}), [moving, Part("b", never, 3.0)], 5)
    assert metrics["rewards/a/weight"] == 1.0
    assert "rewards/b/weight" not in metrics


def test_no_rollouts() -> None:
    assert part_metrics([], [Part("a", never)], 0)["rewards/a/none_ratio"] == 1.0


def test_a_part_that_no_function_gave_is_told_too() -> None:
    """The KL in the reward: its mean and spread, no full mark."""
    found = part_metrics(groups({"kl": 0.5}, {"kl": 1.5}), [], 0)
    assert found == {"rewards/kl/mean": 1.0, "rewards/kl/std": pytest.approx(0.5**0.5), "rewards/kl/none_ratio": 0.0}


def test_what_was_replayed_is_left_out() -> None:
    (fresh, old) = groups({"a": 0.25}, {"a": 1.0})
    mixed = Group(
        fresh.prompt, (*fresh.rollouts, replace(old.rollouts[0], replayed=True)), (*fresh.rewards, *old.rewards)
    )
    assert part_metrics([mixed], [], 0)["rewards/a/mean"] == 0.25
