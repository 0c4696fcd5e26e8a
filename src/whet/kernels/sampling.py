"""Drawing a token: the inverse of the cumulative distribution at one uniform number per row.

The cumulative sum runs over blocks of the vocabulary first and inside one block after, so most of the work is
one exponential per logit. The normaliser it needs anyway gives the token's log-probability for nothing.
"""

from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn.functional import pad

BLOCK = 256
"""Vocabulary entries summed together before the search."""


@dataclass(frozen=True, slots=True)
class Temperature:
    """How logits become a distribution. Temperature 0 takes the most likely token."""

    temperature: float = 1.0
    top_p: float = 1.0
    """Keep the smallest set of tokens whose probability reaches this (arXiv:1904.09751)."""


def draw(logits_RV: Tensor, uniform_R: Tensor, how: Temperature) -> tuple[Tensor, Tensor]:
    """Tokens int64 `[R]` and their log-probabilities float32 `[R]`.

    Log-probabilities are those of the whole distribution at this temperature (at 1 for temperature 0): what
    the learner computes for the same token.
    """
    scaled_RV = logits_RV.float() / (how.temperature or 1.0)
    mass = _mass(scaled_RV)
    tokens_R = _METHODS[how.temperature > 0, how.top_p < 1](scaled_RV, mass, uniform_R, how.top_p)
    chosen_R = scaled_RV.gather(-1, tokens_R[:, None])[:, 0]
    return tokens_R, chosen_R - mass.log_total_R


@dataclass(frozen=True, slots=True)
class _Mass:
    """exp(logit − max) in blocks, and their sums."""

    weights_RKB: Tensor
    up_to_RK: Tensor
    """float64: the sum of all blocks up to this one, included."""
    log_total_R: Tensor
    """log Σ exp(logit)."""


def _mass(scaled_RV: Tensor) -> _Mass:
    rows, vocabulary = scaled_RV.shape
    top_R1 = scaled_RV.amax(-1, keepdim=True)
    weights_RV = (scaled_RV - top_R1).exp_()
    whole_RV = pad(weights_RV, (0, -vocabulary % BLOCK)) if vocabulary % BLOCK else weights_RV
    weights_RKB = whole_RV.view(rows, -1, BLOCK)
    up_to_RK = weights_RKB.sum(-1).double().cumsum(-1)
    return _Mass(weights_RKB, up_to_RK, top_R1[:, 0] + up_to_RK[:, -1].log().float())


def _greedy(scaled_RV: Tensor, _mass: _Mass, _uniform_R: Tensor, _top_p: float) -> Tensor:
    return scaled_RV.argmax(-1)


def _inverse_cdf(_scaled_RV: Tensor, mass: _Mass, uniform_R: Tensor, _top_p: float) -> Tensor:
    up_to_RK = mass.up_to_RK
    target_R1 = uniform_R[:, None] * up_to_RK[:, -1:]
    block_R1 = torch.searchsorted(up_to_RK, target_R1, right=True).clamp_(max=up_to_RK.shape[1] - 1)
    before_R1 = torch.where(block_R1 > 0, up_to_RK.gather(-1, (block_R1 - 1).clamp(min=0)), 0.0)
    inside_RB = mass.weights_RKB.gather(1, block_R1[:, :, None].expand(-1, -1, BLOCK))[:, 0]
    inner_RB = inside_RB.double().cumsum(-1)
    offset_R1 = torch.searchsorted(inner_RB, target_R1 - before_R1, right=True)
    last_R1 = (inside_RB > 0).long().cumsum(-1).argmax(-1, keepdim=True)  # rounding never picks an impossible token
    return (block_R1 * BLOCK + torch.minimum(offset_R1, last_R1))[:, 0]


def _nucleus(scaled_RV: Tensor, _whole: _Mass, uniform_R: Tensor, top_p: float) -> Tensor:
    ordered_RV, order_RV = scaled_RV.sort(-1, descending=True)
    share_RV = ordered_RV.softmax(-1)
    kept_RV = ordered_RV.masked_fill(share_RV.cumsum(-1) - share_RV >= top_p, -torch.inf)
    rank_R = _inverse_cdf(kept_RV, _mass(kept_RV), uniform_R, top_p)
    return order_RV.gather(-1, rank_R[:, None])[:, 0]


_METHODS: dict[tuple[bool, bool], Callable[[Tensor, _Mass, Tensor, float], Tensor]] = {
    (False, False): _greedy,
    (False, True): _greedy,
    (True, False): _inverse_cdf,
    (True, True): _nucleus,
}
"""By (does it sample?, is it truncated?)."""
