"""Computes log π(o_t) from hidden states without holding the float32 logits of all tokens at once.

Full-vocabulary logits in float32 are the largest tensor of a training step (1,600 tokens × 49,152 entries are
315 MB). Here the head runs over chunks of tokens, forward and backward. The backward needs every chunk's
probabilities: they are kept, in the dtype of the layers, up to a budget, and recomputed beyond it (`head_chunks.py`).
"""

from typing import Any

import torch
from torch import Tensor

from whet.policy.head_chunks import HeadSizes, head_sizes
from whet.policy.head_probabilities import Scale, wide
from whet.policy.head_ways import way_of
from whet.policy.wide_product import subtract_product


class _TokenLogprobs(torch.autograd.Function):
    """∂ log p(y) / ∂ logits = onehot(y) − p.

    So ∂ hidden = head[y] − p · head, and ∂ head = (onehot(y) − p)ᵀ · hidden. With a soft cap, onehot(y) and p are times
    its slope at each logit.
    """

    @staticmethod
    def forward(ctx: Any, hidden_ND: Tensor, head_VD: Tensor, targets_N: Tensor, scale: Scale) -> Tensor:
        ctx.scale, way = scale, way_of(hidden_ND, scale.soft_cap)
        sizes = head_sizes(hidden_ND.device, len(head_VD), hidden_ND.element_size())
        kept_MV = hidden_ND.new_empty(_kept(ctx, len(hidden_ND), sizes), len(head_VD))
        logprobs_N = hidden_ND.new_empty(len(hidden_ND), dtype=wide(hidden_ND))
        of_target_N1 = torch.ones_like(logprobs_N)[:, None] if scale.soft_cap is not None else None
        for part in _chunks(sizes.chunk, len(hidden_ND)):
            found = way.forward(hidden_ND[part], head_VD, targets_N[part], scale, kept_MV[part])
            logprobs_N[part], of_target_C1 = found
            if of_target_N1 is not None and of_target_C1 is not None:
                of_target_N1[part] = of_target_C1
        # what is kept goes through autograd, which frees it after the backward, whoever still holds the result
        ctx.save_for_backward(hidden_ND, head_VD, targets_N, kept_MV, of_target_N1)
        return logprobs_N

    @staticmethod
    def backward(ctx: Any, *upstream: Tensor) -> tuple[Tensor, Tensor | None, None, None]:
        hidden_ND, head_VD, targets_N, kept_MV, of_target_N1 = ctx.saved_tensors
        again = way_of(hidden_ND, ctx.scale.soft_cap).again
        slope_N1 = (upstream[0][:, None] / ctx.scale.temperature).to(hidden_ND.dtype)
        sloped_ND = slope_N1 * hidden_ND
        # onehot(y) · head; − p · head follows chunk by chunk
        by_hidden_ND = _times(head_VD.index_select(0, targets_N), of_target_N1)
        by_head_VD = torch.zeros_like(head_VD, dtype=upstream[0].dtype) if ctx.needs_input_grad[1] else None
        chunk = head_sizes(hidden_ND.device, len(head_VD), hidden_ND.element_size()).chunk
        kept = len(kept_MV)
        for part in ([slice(0, kept)] if kept else []) + _chunks(chunk, len(hidden_ND), kept):
            is_kept = part.stop <= kept
            p_CV = kept_MV[part] if is_kept else again(hidden_ND[part], head_VD, targets_N[part], ctx.scale)
            by_hidden_ND[part].addmm_(p_CV, head_VD, alpha=-1)
            if by_head_VD is not None:
                subtract_product(by_head_VD, p_CV, sloped_ND[part])
        if by_head_VD is not None:
            by_head_VD.index_add_(0, targets_N, _times(sloped_ND.to(by_head_VD.dtype), of_target_N1))
            by_head_VD = by_head_VD.to(head_VD.dtype)
        return by_hidden_ND.mul_(slope_N1), by_head_VD, None, None


def token_logprobs(
    hidden_ND: Tensor, head_VD: Tensor, targets_N: Tensor, temperature: float = 1.0, soft_cap: float | None = None
) -> Tensor:
    """Returns log softmax(hidden · headᵀ / temperature) at the targets, `[N]`, in float32 (float64 for float64 input).

    `hidden_ND` holds the final hidden states that predict `targets_N`; the gradient reaches them and the head. Where
    there is a soft cap the product is capped before it is divided (`whet.models.soft_caps`).
    """
    apply: Any = _TokenLogprobs.apply
    result: Tensor = apply(hidden_ND, head_VD, targets_N, Scale(temperature, soft_cap))
    return result


def _chunks(size: int, end: int, start: int = 0) -> list[slice]:
    return [slice(at, min(at + size, end)) for at in range(start, end, size)]


def _kept(ctx: Any, tokens: int, sizes: HeadSizes) -> int:
    """The tokens whose probabilities are kept: all, or whole chunks in the budget; none without a backward."""
    fit = tokens if sizes.kept >= tokens else sizes.kept // sizes.chunk * sizes.chunk
    return fit if any(ctx.needs_input_grad) else 0


def _times(x_ND: Tensor, factor_N1: Tensor | None) -> Tensor:
    return x_ND if factor_N1 is None else x_ND * factor_N1.to(x_ND.dtype)
