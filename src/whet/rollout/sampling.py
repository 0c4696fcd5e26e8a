"""Draws a token per row by inverting the cumulative distribution at a uniform number.

The cumulative sum runs over blocks of the vocabulary, then inside the chosen block, so nearly all of the work is the
softmax, which gives the token's log-probability as well.
"""

from collections.abc import Callable

import torch
from torch import Tensor
from torch.nn.functional import pad

from whet.rollout.rng import uniforms
from whet.types import SamplingParams

BLOCK = 256
"""Vocabulary entries summed together before the search."""


def draw(logits_RV: Tensor, uniform_R: Tensor, params: SamplingParams) -> tuple[Tensor, Tensor]:
    """Returns tokens, int64 `[R]`, and their log-probabilities in nats, float32 `[R]`.

    Log-probabilities are those of the whole distribution at this temperature (at 1 for temperature 0), before top-p:
    what the learner computes for the same token.
    """
    share_RV = torch.softmax(_scaled(logits_RV, params.temperature or 1.0), -1, dtype=torch.float32)
    tokens_R = _METHODS[params.temperature > 0, params.top_p < 1](share_RV, uniform_R, params.top_p)
    return tokens_R, share_RV.gather(-1, tokens_R[:, None])[:, 0].log()


def draw_by_counter(
    logits_RV: Tensor, keys_R: Tensor, position_R: Tensor, params: SamplingParams
) -> tuple[Tensor, Tensor]:
    """As `draw`, at the uniform numbers of keys and positions, int64 `[R]`."""
    return draw(logits_RV, uniforms(keys_R, position_R), params)


def _scaled(logits_RV: Tensor, temperature: float) -> Tensor:
    """Logits / temperature, divided in float32 to avoid rounding to the layers' dtype."""
    return logits_RV if temperature == 1.0 else logits_RV.float() / temperature


def _greedy(share_RV: Tensor, _uniform_R: Tensor, _top_p: float) -> Tensor:
    share_RKB = _blocks(share_RV)
    block_R1 = share_RKB.amax(-1).argmax(-1, keepdim=True)
    return block_R1[:, 0] * BLOCK + _inside(share_RKB, block_R1).argmax(-1)


def _inverse_cdf(share_RV: Tensor, uniform_R: Tensor, _top_p: float) -> Tensor:
    """Tokens drawn in proportion to their shares, which need not sum to 1; a share of 0 is never drawn."""
    share_RKB = _blocks(share_RV)
    up_to_RK = share_RKB.sum(-1).double().cumsum(-1)
    target_R1 = uniform_R[:, None] * up_to_RK[:, -1:]
    block_R1 = torch.searchsorted(up_to_RK, target_R1, right=True).clamp_(max=up_to_RK.shape[1] - 1)
    before_R1 = torch.where(block_R1 > 0, up_to_RK.gather(-1, (block_R1 - 1).clamp(min=0)), 0.0)
    inside_RB = _inside(share_RKB, block_R1)
    offset_R1 = torch.searchsorted(inside_RB.double().cumsum(-1), target_R1 - before_R1, right=True)
    last_R1 = (inside_RB > 0).long().cumsum(-1).argmax(-1, keepdim=True)  # so rounding never picks a token of share 0
    return (block_R1 * BLOCK + torch.minimum(offset_R1, last_R1))[:, 0]


def _nucleus(share_RV: Tensor, uniform_R: Tensor, top_p: float) -> Tensor:
    ordered_RV, order_RV = share_RV.sort(-1, descending=True)
    kept_RV = ordered_RV.masked_fill(ordered_RV.cumsum(-1) - ordered_RV >= top_p, 0.0)
    rank_R = _inverse_cdf(kept_RV, uniform_R, top_p)
    return order_RV.gather(-1, rank_R[:, None])[:, 0]


_METHODS: dict[tuple[bool, bool], Callable[[Tensor, Tensor, float], Tensor]] = {
    (False, False): _greedy,
    (False, True): _greedy,
    (True, False): _inverse_cdf,
    (True, True): _nucleus,
}
"""By (temperature > 0, top_p < 1)."""


def _blocks(share_RV: Tensor) -> Tensor:
    """The shares as `[R, K, BLOCK]`, padded with zeros."""
    missing = -share_RV.shape[1] % BLOCK
    whole_RV = pad(share_RV, (0, missing)) if missing else share_RV
    return whole_RV.view(len(whole_RV), -1, BLOCK)


def _inside(share_RKB: Tensor, block_R1: Tensor) -> Tensor:
    """One block of each row, `[R, BLOCK]`."""
    return share_RKB.gather(1, block_R1[:, :, None].expand(-1, -1, BLOCK))[:, 0]
