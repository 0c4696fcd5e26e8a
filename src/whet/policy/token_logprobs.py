"""Computes log π(o_t) from hidden states without holding the float32 logits of all tokens at once.

Full-vocabulary logits in float32 are the largest tensor of a training step (1,600 tokens × 49,152 entries are
315 MB). Here the head runs over chunks of tokens, forward and backward. The backward needs every chunk's
probabilities: they are kept, in the dtype of the layers, up to a budget, and recomputed beyond it (`head_chunks.py`).
"""

from typing import Any

import torch
from torch import Tensor
from torch.nn.functional import linear

from whet.policy.head_chunks import HeadSizes, head_sizes
from whet.policy.wide_product import subtract_product


class _TokenLogprobs(torch.autograd.Function):
    """∂ log p(y) / ∂ logits = onehot(y) − p.

    So ∂ hidden = head[y] − p · head, and ∂ head = (onehot(y) − p)ᵀ · hidden.
    """

    @staticmethod
    def forward(ctx: Any, hidden_ND: Tensor, head_VD: Tensor, targets_N: Tensor, temperature: float) -> Tensor:
        ctx.temperature = temperature
        sizes = head_sizes(hidden_ND.device, len(head_VD), hidden_ND.element_size())
        kept_MV = hidden_ND.new_empty(_kept(ctx, len(hidden_ND), sizes), len(head_VD))
        logprobs_N = hidden_ND.new_empty(len(hidden_ND), dtype=_wide(hidden_ND))
        for part in _chunks(sizes.chunk, len(hidden_ND)):
            logits_CV = _logits(hidden_ND[part], head_VD, temperature)
            p_CV = _probabilities(logits_CV)
            kept_MV[part].copy_(p_CV[: len(kept_MV[part])])
            logprobs_N[part] = _log_p(logits_CV, p_CV, targets_N[part, None])
        # what is kept goes through autograd, which frees it after the backward, whoever still holds the result
        ctx.save_for_backward(hidden_ND, head_VD, targets_N, kept_MV)
        return logprobs_N

    @staticmethod
    def backward(ctx: Any, *upstream: Tensor) -> tuple[Tensor, Tensor | None, None, None]:
        hidden_ND, head_VD, targets_N, kept_MV = ctx.saved_tensors
        slope_N1 = (upstream[0][:, None] / ctx.temperature).to(hidden_ND.dtype)
        sloped_ND = slope_N1 * hidden_ND
        by_hidden_ND = head_VD.index_select(0, targets_N)  # onehot(y) · head; − p · head follows chunk by chunk
        by_head_VD = torch.zeros_like(head_VD, dtype=upstream[0].dtype) if ctx.needs_input_grad[1] else None
        chunk = head_sizes(hidden_ND.device, len(head_VD), hidden_ND.element_size()).chunk
        kept = len(kept_MV)
        for part in ([slice(0, kept)] if kept else []) + _chunks(chunk, len(hidden_ND), kept):
            is_kept = part.stop <= kept
            p_CV = kept_MV[part] if is_kept else _probabilities_again(ctx, hidden_ND[part], head_VD)
            by_hidden_ND[part].addmm_(p_CV, head_VD, alpha=-1)
            if by_head_VD is not None:
                subtract_product(by_head_VD, p_CV, sloped_ND[part])
        if by_head_VD is not None:
            by_head_VD.index_add_(0, targets_N, sloped_ND.to(by_head_VD.dtype))
            by_head_VD = by_head_VD.to(head_VD.dtype)
        return by_hidden_ND.mul_(slope_N1), by_head_VD, None, None


def token_logprobs(hidden_ND: Tensor, head_VD: Tensor, targets_N: Tensor, temperature: float = 1.0) -> Tensor:
    """Returns log softmax(hidden · headᵀ / temperature) at the targets, `[N]`, in float32 (float64 for float64 input).

    `hidden_ND` holds the final hidden states that predict `targets_N`; the gradient reaches them and the head.
    """
    result: Tensor = _TokenLogprobs.apply(hidden_ND, head_VD, targets_N, temperature)  # type: ignore[no-untyped-call]
    return result


def _chunks(size: int, end: int, start: int = 0) -> list[slice]:
    return [slice(at, min(at + size, end)) for at in range(start, end, size)]


def _kept(ctx: Any, tokens: int, sizes: HeadSizes) -> int:
    """The tokens whose probabilities are kept: all, or whole chunks in the budget; none without a backward."""
    fit = tokens if sizes.kept >= tokens else sizes.kept // sizes.chunk * sizes.chunk
    return fit if any(ctx.needs_input_grad) else 0


def _logits(hidden_CD: Tensor, head_VD: Tensor, temperature: float) -> Tensor:
    """Logits / temperature, divided in float32 to avoid rounding to the layers' dtype."""
    logits_CV = linear(hidden_CD, head_VD)
    return logits_CV if temperature == 1.0 else logits_CV.to(_wide(logits_CV)) / temperature


def _probabilities(logits_CV: Tensor) -> Tensor:
    return torch.softmax(logits_CV, -1, dtype=_wide(logits_CV))


def _probabilities_again(ctx: Any, hidden_CD: Tensor, head_VD: Tensor) -> Tensor:
    """The probabilities of a chunk that was not kept, rounded as those that were."""
    return _probabilities(_logits(hidden_CD, head_VD, ctx.temperature)).to(hidden_CD.dtype)


def _log_p(logits_CV: Tensor, p_CV: Tensor, targets_C1: Tensor) -> Tensor:
    """log p_y = (logit_y − logit_max) + log p_max: p_max is at least 1 / V, where p_y may round to 0."""
    above_C1 = logits_CV.gather(-1, targets_C1).to(p_CV.dtype) - logits_CV.amax(-1, keepdim=True)
    return (above_C1 + p_CV.amax(-1, keepdim=True).log())[:, 0]


def _wide(x: Tensor) -> torch.dtype:
    return torch.promote_types(x.dtype, torch.float32)
