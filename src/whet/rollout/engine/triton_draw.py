"""Draws tokens with Triton's kernels; the same number draws the same token as on a CPU."""

import torch
from torch import Tensor

from whet.rollout.engine.draw_kernel import PART, sums_kernel, tokens_kernel
from whet.rollout.engine.power_of_two import power_of_two
from whet.rollout.sampling import draw_by_counter
from whet.types import SamplingParams


def triton_draw(logits_RV: Tensor, keys_R: Tensor, position_R: Tensor, params: SamplingParams) -> tuple[Tensor, Tensor]:
    """Returns tokens and log-probabilities as `whet.rollout.sampling.draw`, which draws where top-p is below 1."""
    if params.top_p < 1 and params.temperature > 0:
        return draw_by_counter(logits_RV, keys_R, position_R, params)
    rows, vocabulary = logits_RV.shape
    parts = -(-vocabulary // PART)
    tops, sums = logits_RV.new_empty(2, rows, parts, dtype=torch.float32).unbind()
    bests = logits_RV.new_empty(rows, parts, dtype=torch.int32)
    tokens_R, logprobs_R = torch.empty_like(keys_R), tops.new_empty(rows)
    warmth = 1.0 / (params.temperature or 1.0)
    stride = logits_RV.stride(0)
    sums_kernel[rows, parts](logits_RV, tops, sums, bests, warmth, vocabulary, parts, stride, PART=PART)
    tokens_kernel[(rows,)](
        *(logits_RV, tops, sums, bests, keys_R, position_R, tokens_R, logprobs_R),
        *(warmth, vocabulary, parts, stride),
        GREEDY=params.temperature == 0,
        PARTS=power_of_two(parts),
        PART=PART,
    )
    return tokens_R, logprobs_R
