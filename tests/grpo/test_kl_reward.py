"""The KL as a part of the reward, by hand."""

import math
from dataclasses import replace
from typing import Any

import pytest
import torch
from torch import Tensor

from batches import prompt, rollout
from whet.batch import Batch, collate
from whet.config.objectives import ObjectiveConfig
from whet.grpo.advantage import advantages
from whet.grpo.kl_reward import KlReward, SyncedOnly
from whet.types import Collected, Group, Reward

PROMPTS = [prompt("a", (5,)), prompt("b", (6, 7))]
OUTPUTS = [
    [rollout([8, 2], [-1.0, -0.5]), rollout([9], [-2.0])],
    [rollout([8, 9, 2], [-1.0, -1.0, -1.0]), rollout([9], [-0.25])],
]
REWARDS = [[1.0, 0.0], [None, 2.0]]


class Collects:
    """Gives every rollout its reward of `REWARDS`."""

    def collect(self, step: int) -> Collected:
        assert step == 3
        rows = [tuple(Reward(r, {"right": r}, {"right": 2.0}) for r in row) for row in REWARDS]
        groups = (Group(q, tuple(o), row) for q, o, row in zip(PROMPTS, OUTPUTS, rows, strict=True))
        return Collected(tuple(groups), {"x": 0.5}, {"dynamic/groups": 2.0}, 11)


class Reference:
    """log π_ref is −1.5 for every token; padding is not a number."""

    def logprobs(self, batch: Batch) -> Tensor:
        return torch.where(batch.mask_BT, -1.5, math.nan)

    def sync(self, step: int) -> None:
        self.followed = step


class Nothing:
    def logprobs(self, batch: Batch) -> None:
        return None

    def sync(self, step: int) -> None:
        raise AssertionError("nobody moves it")


def penalised(reference: Any = None, inner: Any = None, **choices: Any) -> Collected:
    config = ObjectiveConfig(kl_in="reward", **choices)
    return KlReward(inner or Collects(), reference or Reference(), config).collect(3)


def graded(reference: Any = None, **choices: Any) -> tuple[Group, ...]:
    return penalised(reference, **choices).groups


def test_k1_by_hand() -> None:
    """log π_old − log π_ref, summed over the response: 0.5 + 1, −0.5, 3 · 0.5 and 1.25."""
    first, second = graded(beta=0.1, kl="k1")
    assert [r.total for r in first.rewards] == pytest.approx([1 - 0.15, 0.05], rel=1e-6)
    assert second.rewards[0] == Reward(None, {"right": None})
    assert second.rewards[1].total == pytest.approx(2 - 0.125, rel=1e-6)
    assert first.rewards[0].parts == pytest.approx({"right": 1.0, "kl": 1.5}, rel=1e-6)
    assert first.rewards[1].parts == pytest.approx({"right": 0.0, "kl": -0.5}, rel=1e-6)
    assert first.rewards[0].weights == {"right": 2.0, "kl": -0.1}


@pytest.mark.parametrize(("kl", "expected"), [("k2", 0.125 + 0.5), ("k3", math.exp(-0.5) - 0.5 + math.exp(-1))])
def test_the_other_estimators(kl: str, expected: float) -> None:
    """log r is −0.5 and −1: k2 = 1/8 + 1/2, k3 = (e^−½ − 1 + ½) + (e^−1 − 1 + 1)."""
    assert graded(beta=1.0, kl=kl)[0].rewards[0].total == pytest.approx(1 - expected, rel=1e-6)


def test_prompts_and_rollouts_stay() -> None:
    groups = graded(beta=0.1)
    assert [group.prompt for group in groups] == PROMPTS
    assert [list(group.rollouts) for group in groups] == OUTPUTS


def test_without_a_reference_nothing_is_taken_off() -> None:
    groups = graded(Nothing(), beta=0.1)
    assert [[r.total for r in group.rewards] for group in groups] == REWARDS


def test_rloo_compares_penalised_rewards() -> None:
    """r − β KL is 0.85 and 0.05: each less the other."""
    config = ObjectiveConfig(name="rloo", beta=0.1)
    groups = KlReward(Collects(), Reference(), config).collect(3).groups
    assert advantages(groups, config)[0] == pytest.approx([0.8, -0.8], rel=1e-6)
    assert advantages(groups, config)[1] == [0.0, 0.0]


def test_a_reference_in_the_reward_holds_the_loss_to_nothing_and_still_follows() -> None:
    reference = Reference()
    seen_by_the_loss = SyncedOnly(reference)
    assert seen_by_the_loss.logprobs(collate(graded(beta=0.1), [[0.0, 0.0]] * 2)) is None  # type: ignore[func-returns-value]
    seen_by_the_loss.sync(4)
    assert reference.followed == 4


def test_everything_else_that_was_collected_stays() -> None:
    found = penalised(beta=0.1)
    assert replace(found, groups=()) == Collected((), {"x": 0.5}, {"dynamic/groups": 2.0}, 11)


def test_the_kl_is_of_the_tokens_that_the_policy_sampled() -> None:
    """k1 of the first response is 0.5 + 1; without its second token 0.5."""

    class WithATool(Collects):
        def collect(self, step: int) -> Collected:
            collected = super().collect(step)
            first, *others = collected.groups
            written = replace(first.rollouts[0], loss_mask=(True, False))
            groups = (replace(first, rollouts=(written, first.rollouts[1])), *others)
            return replace(collected, groups=groups)

    first, _ = penalised(inner=WithATool(), beta=0.1, kl="k1").groups
    assert first.rewards[0].parts == pytest.approx({"right": 1.0, "kl": 0.5}, rel=1e-6)
    assert first.rewards[1].parts["kl"] == pytest.approx(-0.5, rel=1e-6)
