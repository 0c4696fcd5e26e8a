"""Computes log π(o_t) from hidden states without holding the float32 logits of all tokens at once.

Full-vocabulary logits in float32 are the largest tensor of a training step (1,600 tokens × 49,152 entries are
315 MB). Here the head runs over chunks of tokens, forward and backward. The backward needs every chunk's
probabilities: they are kept, in the dtype of the layers, up to a budget, and recomputed beyond it.
"""

from typing import Any

import torch
from torch import Tensor
from torch.nn.functional import linear

CHUNK = 256
"""Tokens per chunk: so many have float32 probabilities at the same time."""

VOCABULARY_BLOCK = 2**13
"""Rows of the head whose gradient is computed at once."""

KEPT = 2**27
"""Probabilities kept for the backward: 256 MiB in bfloat16."""


class _TokenLogprobs(torch.autograd.Function):
    """∂ log p(y) / ∂ logits = onehot(y) − p.

    So ∂ hidden = head[y] − p · head, and ∂ head = (onehot(y) − p)ᵀ · hidden.
    """

    @staticmethod
    def forward(ctx: Any, hidden_ND: Tensor, head_VD: Tensor, targets_N: Tensor, temperature: float) -> Tensor:
        ctx.save_for_backward(hidden_ND, head_VD, targets_N)
        ctx.temperature = temperature
        kept_MV = hidden_ND.new_empty(_kept(ctx, hidden_ND, head_VD), len(head_VD))
        logprobs_N = hidden_ND.new_empty(len(hidden_ND), dtype=_wide(hidden_ND))
        for part in _chunks(len(hidden_ND)):
            logits_CV = _logits(hidden_ND[part], head_VD, temperature)
            p_CV = _probabilities(logits_CV)
            kept_MV[part].copy_(p_CV[: len(kept_MV[part])])
            logprobs_N[part] = _log_p(logits_CV, p_CV, targets_N[part, None])
        ctx.kept_MV = kept_MV
        return logprobs_N

    @staticmethod
    def backward(ctx: Any, *upstream: Tensor) -> tuple[Tensor, Tensor | None, None, None]:
        hidden_ND, head_VD, targets_N = ctx.saved_tensors
        slope_N1 = (upstream[0][:, None] / ctx.temperature).to(hidden_ND.dtype)
        sloped_ND = slope_N1 * hidden_ND
        by_hidden_ND = head_VD.index_select(0, targets_N)  # onehot(y) · head; − p · head follows chunk by chunk
        by_head_VD = torch.zeros_like(head_VD, dtype=upstream[0].dtype) if ctx.needs_input_grad[1] else None
        kept = len(ctx.kept_MV)
        for part in ([slice(0, kept)] if kept else []) + _chunks(len(hidden_ND), kept):
            p_CV = _probabilities_again(ctx, part, hidden_ND, head_VD)
            by_hidden_ND[part].addmm_(p_CV, head_VD, alpha=-1)
            if by_head_VD is not None:
                _subtract_product(by_head_VD, p_CV, sloped_ND[part])
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


def _subtract_product(total_VD: Tensor, p_CV: Tensor, sloped_CD: Tensor) -> None:
    """total −= pᵀ · sloped, in blocks of the vocabulary: a whole product would be another matrix of the head's size."""
    for start in range(0, len(total_VD), VOCABULARY_BLOCK):
        block = slice(start, start + VOCABULARY_BLOCK)
        total_VD[block] -= p_CV[:, block].T @ sloped_CD


def _chunks(end: int, start: int = 0) -> list[slice]:
    return [slice(at, min(at + CHUNK, end)) for at in range(start, end, CHUNK)]


def _kept(ctx: Any, hidden_ND: Tensor, head_VD: Tensor) -> int:
    """The number of tokens whose probabilities are kept: whole chunks in the budget; none without a backward."""
    affordable = KEPT // len(head_VD)
    tokens = len(hidden_ND) if affordable >= len(hidden_ND) else affordable // CHUNK * CHUNK
    return tokens if any(ctx.needs_input_grad) else 0


def _logits(hidden_CD: Tensor, head_VD: Tensor, temperature: float) -> Tensor:
    """Logits / temperature, divided in float32 to avoid rounding to the layers' dtype."""
    logits_CV = linear(hidden_CD, head_VD)
    return logits_CV if temperature == 1.0 else logits_CV.to(_wide(logits_CV)) / temperature


def _probabilities(logits_CV: Tensor) -> Tensor:
    return torch.softmax(logits_CV, -1, dtype=_wide(logits_CV))


def _probabilities_again(ctx: Any, part: slice, hidden_ND: Tensor, head_VD: Tensor) -> Tensor:
    """The probabilities of a part: as kept, or recomputed."""
    if part.stop <= len(ctx.kept_MV):
        return ctx.kept_MV[part]  # type: ignore[no-any-return]
    return _probabilities(_logits(hidden_ND[part], head_VD, ctx.temperature)).to(hidden_ND.dtype)


def _log_p(logits_CV: Tensor, p_CV: Tensor, targets_C1: Tensor) -> Tensor:
    """log p_y = (logit_y − logit_max) + log p_max: p_max is at least 1 / V, where p_y may round to 0."""
    above_C1 = logits_CV.gather(-1, targets_C1).to(p_CV.dtype) - logits_CV.amax(-1, keepdim=True)
    return (above_C1 + p_CV.amax(-1, keepdim=True).log())[:, 0]


def _wide(x: Tensor) -> torch.dtype:
    return torch.promote_types(x.dtype, torch.float32)
