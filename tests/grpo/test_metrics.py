"""The formulas of docs/metrics.md, by hand."""

import math
from dataclasses import replace

import pytest

from batches import group, prompt, rollout
from whet.grpo.metrics import group_metrics
from whet.types import Finish, Group, Reward


def graded(totals: list[float | None], parts: list[dict[str, float | None]], finish: Finish = "stop") -> Group:
    rollouts = tuple(rollout([7] * (n + 1), [-0.5] * (n + 1), finish) for n in range(len(totals)))
    rewards = tuple(Reward(total, part) for total, part in zip(totals, parts, strict=True))
    return Group(prompt("1"), rollouts, rewards)


def test_rewards() -> None:
    """Standard deviations are over n − 1, as TRL reports them; means are over all rewards and over all groups."""
    metrics = group_metrics([group([1, 0, 0, 0]), group([2, 3.5, 2])])
    assert metrics["reward"] == pytest.approx(8.5 / 7)
    assert metrics["reward_std"] == pytest.approx((0.5 + math.sqrt(0.75)) / 2)  # 0.25 + 0.25 + 1 over 2
    assert metrics["frac_reward_zero_std"] == 0.0


def test_none_is_left_out() -> None:
    metrics = group_metrics([group([None, 4, 2]), group([None, None]), group([None, 3])])
    assert metrics["reward"] == 3.0
    assert metrics["reward_std"] == pytest.approx(math.sqrt(2) / 3)  # √2 of the only group with two rewards
    assert metrics["frac_reward_zero_std"] == pytest.approx(2 / 3)


def test_lengths() -> None:
    """Lengths 1 2 3 and 1: four rollouts, one of them truncated."""
    metrics = group_metrics([graded([0, 0, 1], [{}] * 3), graded([0], [{}], "length")])
    assert metrics["completions/mean_length"] == 1.75
    assert metrics["completions/max_length"] == 3
    assert metrics["completions/clipped_ratio"] == 0.25
    assert metrics["completions/tokens"] == 7


def test_entropy_is_over_tokens_not_over_rollouts() -> None:
    rollouts = (rollout([1], [math.log(0.5)]), rollout([1, 2, 3], [math.log(0.25)] * 3))
    metrics = group_metrics([Group(prompt("1"), rollouts, (Reward(0.0), Reward(1.0)))])
    assert metrics["entropy"] == pytest.approx((math.log(2) + 3 * math.log(4)) / 4)


def test_entropy_is_of_the_tokens_that_the_policy_sampled() -> None:
    """A tool's token has no log-probability of the policy; it is a part of the completion all the same."""
    written = replace(rollout([1, 2], [math.log(0.5), 0.0]), loss_mask=(True, False))
    metrics = group_metrics([Group(prompt("1"), (written,), (Reward(0.0),))])
    assert metrics["entropy"] == pytest.approx(math.log(2))
    assert metrics["completions/tokens"] == 2
