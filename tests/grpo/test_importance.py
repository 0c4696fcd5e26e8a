"""w = π_old / π_sampler by hand, for tokens and responses, truncated and masked."""

import math
from dataclasses import replace
from typing import Any

import pytest
import torch

from batches import ragged_batch
from whet.config.objectives import ObjectiveConfig
from whet.grpo.importance import corrected, importance_weights

LOG_W = [[0.5, -1.0, 1.5, -3.0], [2.0, 0.1, 9.0, 9.0]]
MASK = torch.tensor([[True, True, True, True], [True, True, False, False]])
E = math.exp
# the products: exp(0.5 − 1 + 1.5 − 3) = exp(−2) and exp(2.1); limits 0.2 and 4
BY_HAND = {
    "token_truncate": [[E(0.5), E(-1), 4.0, 0.2], [4.0, E(0.1)]],
    "token_mask": [[E(0.5), E(-1), 0.0, 0.0], [0.0, E(0.1)]],
    "sequence_truncate": [[0.2] * 4, [4.0] * 2],
    "sequence_mask": [[0.0] * 4, [0.0] * 2],
}
WITHOUT_LIMIT = {"token": [[E(0.5), E(-1), E(1.5), E(-3)], [E(2), E(0.1)]], "sequence": [[E(-2)] * 4, [E(2.1)] * 2]}


def correction(mode: str) -> dict[str, Any]:
    """The two choices of a mode such as `token_mask`."""
    level, bound = mode.split("_")
    return {"importance": level, "importance_bound": bound}


def weights(**choices: Any) -> list[list[float]]:
    sampler = torch.full((2, 4), -2.0, dtype=torch.float64)
    old = (sampler + torch.tensor(LOG_W, dtype=torch.float64)).requires_grad_()
    w_BT = importance_weights(old, sampler, MASK, ObjectiveConfig(**choices))
    assert not w_BT.requires_grad
    return [w_BT[0].tolist(), w_BT[1, :2].tolist()]


@pytest.mark.parametrize("mode", BY_HAND)
def test_by_hand(mode: str) -> None:
    found = weights(**correction(mode), importance_min=0.2, importance_max=4.0)
    assert found == [pytest.approx(row, rel=1e-12) for row in BY_HAND[mode]]


@pytest.mark.parametrize("how", ["truncate", "mask"])
@pytest.mark.parametrize("level", ["token", "sequence"])
def test_within_the_limits_a_weight_is_what_it_is(level: str, how: str) -> None:
    found = weights(importance=level, importance_bound=how, importance_min=0.001, importance_max=100.0)
    assert found == [pytest.approx(row, rel=1e-12) for row in WITHOUT_LIMIT[level]]


def test_each_limit_may_be_left_out() -> None:
    low = weights(importance="token", importance_bound="mask", importance_min=0.2, importance_max=None)
    assert low == [pytest.approx(row, rel=1e-12) for row in [[E(0.5), E(-1), E(1.5), 0.0], [E(2), E(0.1)]]]
    high = weights(importance="token", importance_bound="mask", importance_max=4.0)
    assert high == [pytest.approx(row, rel=1e-12) for row in [[E(0.5), E(-1), 0.0, E(-3)], [0.0, E(0.1)]]]
    truncated = weights(importance="token", importance_min=0.2, importance_max=None)
    assert truncated == [pytest.approx(row, rel=1e-12) for row in [[E(0.5), E(-1), E(1.5), 0.2], [E(2), E(0.1)]]]


def test_a_response_within_the_limits_is_kept_beside_one_that_is_not() -> None:
    found = weights(importance="sequence", importance_bound="mask", importance_max=3.0)
    assert found == [pytest.approx([E(-2)] * 4, rel=1e-12), [0.0, 0.0]]


def test_an_impossible_token_of_the_sampler_gives_a_finite_weight() -> None:
    """exp overflows: truncation gives the limit, masking 0."""
    old, sampler, one = torch.tensor([[-1.0]]), torch.tensor([[-2000.0]]), torch.tensor([[True]])
    for mode, expected in (("token_truncate", 3.0), ("sequence_truncate", 3.0), ("token_mask", 0.0)):
        assert importance_weights(old, sampler, one, ObjectiveConfig(**correction(mode))).item() == expected


def test_the_batch_gets_the_learners_own_log_probabilities_once() -> None:
    batch = ragged_batch([2, 3], [[3, 1], [4]], dtype=torch.float64)
    first = (batch.old_logprobs_BT + 0.25).requires_grad_()
    config = ObjectiveConfig(importance="token")
    once = corrected(batch, first, config)
    assert torch.equal(once.old_logprobs_BT, first.detach())
    assert not once.old_logprobs_BT.requires_grad
    assert once.importance_BT is not None
    assert once.importance_BT[batch.mask_BT].tolist() == pytest.approx([E(0.25)] * 8, rel=1e-12)
    assert corrected(once, first + 1, config) is once


def test_without_a_correction_the_batch_stays_as_it_is() -> None:
    batch = ragged_batch([2], [[3, 1]])
    assert corrected(batch, batch.old_logprobs_BT + 1, ObjectiveConfig()) is batch


@pytest.mark.parametrize("mode", ["token_truncate", "sequence_mask"])
def test_padding_is_never_read(mode: Any) -> None:
    batch = ragged_batch([2], [[3, 1]], dtype=torch.float64)
    spoilt = replace(batch, old_logprobs_BT=torch.where(batch.mask_BT, batch.old_logprobs_BT, math.nan))
    config = ObjectiveConfig(**correction(mode), importance_max=1e9)
    clean, dirty = (corrected(b, batch.old_logprobs_BT + 0.1, config).importance_BT for b in (batch, spoilt))
    assert clean is not None
    assert dirty is not None
    assert torch.equal(clean[batch.mask_BT], dirty[batch.mask_BT])


def test_what_somebody_else_wrote_has_no_part_in_a_responses_weight() -> None:
    """log w is ¼ for each of the two tokens that the policy sampled; the sampler knows nothing of the third."""
    batch = ragged_batch([2], [[3]], dtype=torch.float64)
    mine_BT = torch.tensor([[True, False, True]])
    learner = batch.old_logprobs_BT + 0.25
    mixed = replace(batch, loss_mask_BT=mine_BT, old_logprobs_BT=torch.where(mine_BT, batch.old_logprobs_BT, math.nan))
    found = corrected(mixed, learner, ObjectiveConfig(importance="sequence")).importance_BT
    assert found is not None
    assert found[mine_BT].tolist() == pytest.approx([E(0.5)] * 2, rel=1e-12)
