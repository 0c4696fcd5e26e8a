"""η by hand."""

from types import SimpleNamespace
from typing import Any

import pytest
import torch

import tiny
from batches import group
from whet.compute.limit import Limit, Machine, Shape
from whet.config import ObjectiveConfig
from whet.train_loop.efficiency import Efficiency
from whet.types import Group

# one parameter in the body, one in the head, no attention; Φ = β = 1
LIMIT = Limit(Shape(1, 1, layers=1, heads=0, kv_heads=0, head_size=0, bytes_per_weight=2), Machine(1.0, 1.0))
GROUPS = [group([1.0, 0.0], [3, 5]), group([1.0, 1.0], [2, 2])]
ADVANTAGES = [[0.7, -0.7], [0.0, 0.0]]


def prompt_tokens(*groups: Group) -> int:
    return sum(len(one.prompt.tokens) for one in groups)


def rollout_seconds() -> float:
    """Prefill 2P + 2Q, then a step for each of 5 positions with 4, 4, 2, 1, 1 rows: max(4 to read, 4 per row).

    Both prompts are the same tokens, which are computed once.
    """
    return 2 * prompt_tokens(GROUPS[0]) + 4 + (16 + 16 + 8 + 4 + 4)


def learn_seconds(*groups: Group) -> float:
    produced = sum(len(rollout.tokens) for one in groups for rollout in one.rollouts)
    return 6 * (prompt_tokens(*groups) + 2 * produced)


def test_the_least_over_what_it_took() -> None:
    """Of 1,000 seconds, 300 went to sampling and 200 to grading; only the first group had a signal."""
    eta = Efficiency(LIMIT, ObjectiveConfig())
    found = eta(GROUPS, GROUPS, ADVANTAGES, {"rollout": 300.0, "grade": 200.0, "reference": 0.0}, 1000.0)
    learn = learn_seconds(GROUPS[0]) + 28 * 2
    assert found == {
        "efficiency": pytest.approx((rollout_seconds() + learn) / 1000),
        "efficiency/rollout": pytest.approx(rollout_seconds() / 300),
        "efficiency/learn": pytest.approx(learn / 500),
    }


def test_a_reference_is_work_and_keeps_every_group_in_the_learner() -> None:
    eta = Efficiency(LIMIT, ObjectiveConfig(beta=0.1))
    found = eta(GROUPS, GROUPS, ADVANTAGES, {"rollout": 300.0, "grade": 100.0, "reference": 100.0}, 1000.0)
    learn = learn_seconds(*GROUPS) + 28 * 2
    assert found["efficiency/learn"] == pytest.approx(learn / 500)
    assert found["efficiency"] == pytest.approx((rollout_seconds() + learn + learn_seconds(*GROUPS) / 3) / 1000)


def test_an_entropy_bonus_keeps_every_group_in_the_learner() -> None:
    eta = Efficiency(LIMIT, ObjectiveConfig(entropy_bonus=0.01))
    found = eta(GROUPS, GROUPS, ADVANTAGES, {"rollout": 300.0, "grade": 200.0}, 1000.0)
    assert found["efficiency/learn"] == pytest.approx((learn_seconds(*GROUPS) + 28 * 2) / 500)


def test_every_pass_is_work() -> None:
    once, twice = (
        Efficiency(LIMIT, ObjectiveConfig(iterations=mu))(GROUPS, GROUPS, ADVANTAGES, {"rollout": 1.0}, 2.0)
        for mu in (1, 2)
    )
    assert twice["efficiency/learn"] == pytest.approx(2 * once["efficiency/learn"])
    assert twice["efficiency/rollout"] == once["efficiency/rollout"]


def test_without_a_signal_nothing_had_to_be_learned() -> None:
    found = Efficiency(LIMIT, ObjectiveConfig())(GROUPS, GROUPS, [[0.0, 0.0]] * 2, {"rollout": 300.0}, 400.0)
    assert set(found) == {"efficiency", "efficiency/rollout"}
    assert found["efficiency"] == pytest.approx(rollout_seconds() / 400)


def test_what_is_sampled_and_not_learned_from_is_work_of_the_sampler() -> None:
    """One completion of each group is learned from, the one of 3 tokens and one of 2."""
    kept = [group([1.0], [3]), group([1.0], [2])]
    found = Efficiency(LIMIT, ObjectiveConfig())(GROUPS, kept, [[0.7], [0.0]], {"rollout": 300.0}, 500.0)
    assert found["efficiency/rollout"] == pytest.approx(rollout_seconds() / 300)
    assert found["efficiency/learn"] == pytest.approx((learn_seconds(kept[0]) + 28 * 2) / 200)


def test_the_machine_is_the_one_that_the_policy_is_on() -> None:
    model = tiny.tiny_model()
    policy: Any = SimpleNamespace(model=model, device=torch.device("cpu"))
    limit = Efficiency.of(policy, ObjectiveConfig()).limit
    assert limit.shape == Shape.of(model)
    assert limit.machine.flops > 0
