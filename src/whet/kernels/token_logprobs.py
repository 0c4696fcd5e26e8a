"""log π(o_t) from hidden states, without ever holding the logits of all tokens at once.

Full-vocabulary logits in float32 are the largest tensor of a training step (1,600 tokens × 49,152 entries are
315 MB). Here the head runs over chunks of tokens, forward and backward; the backward computes a chunk's logits
again.
"""

from typing import Any

import torch
from torch import Tensor
from torch.nn.functional import linear

CHUNK = 256
"""Tokens whose logits exist at the same time."""


class _TokenLogprobs(torch.autograd.Function):
    """∂ log p(y) / ∂ logits = onehot(y) − softmax(logits)."""

    @staticmethod
    def forward(ctx: Any, hidden_ND: Tensor, head_VD: Tensor, targets_N: Tensor, temperature: float) -> Tensor:
        ctx.save_for_backward(hidden_ND, head_VD, targets_N)
        ctx.temperature = temperature
        wide = torch.promote_types(hidden_ND.dtype, torch.float32)
        parts = [
            _logits(hidden_CD, head_VD, temperature).log_softmax(-1, dtype=wide).gather(-1, targets_C[:, None])[:, 0]
            for hidden_CD, targets_C in zip(hidden_ND.split(CHUNK), targets_N.split(CHUNK), strict=True)
        ]
        return torch.cat(parts)

    @staticmethod
    def backward(ctx: Any, *upstream: Tensor) -> tuple[Tensor, Tensor | None, None, None]:
        hidden_ND, head_VD, targets_N = ctx.saved_tensors
        by_hidden_ND = torch.empty_like(hidden_ND)
        by_head_VD = torch.zeros_like(head_VD, dtype=upstream[0].dtype) if ctx.needs_input_grad[1] else None
        for start in range(0, len(hidden_ND), CHUNK):
            part = slice(start, start + CHUNK)
            slope_C1 = (upstream[0][part, None] / ctx.temperature).to(hidden_ND.dtype)
            probabilities_CV = _logits(hidden_ND[part], head_VD, ctx.temperature).softmax(-1).to(hidden_ND.dtype)
            by_logits_CV = probabilities_CV.mul_(-slope_C1)
            by_logits_CV.scatter_add_(-1, targets_N[part, None], slope_C1)
            by_hidden_ND[part] = by_logits_CV @ head_VD
            if by_head_VD is not None:
                by_head_VD += by_logits_CV.T @ hidden_ND[part]
        return by_hidden_ND, None if by_head_VD is None else by_head_VD.to(head_VD.dtype), None, None


def token_logprobs(hidden_ND: Tensor, head_VD: Tensor, targets_N: Tensor, temperature: float = 1.0) -> Tensor:
    """log softmax(hidden · headᵀ / temperature) at the targets, `[N]`, in float32 (float64 for float64 input).

    `hidden_ND` holds the final hidden states that predict `targets_N`; the gradient reaches them and the head.
    """
    result: Tensor = _TokenLogprobs.apply(hidden_ND, head_VD, targets_N, temperature)  # type: ignore[no-untyped-call]
    return result


def _logits(hidden_CD: Tensor, head_VD: Tensor, temperature: float) -> Tensor:
    """Logits / temperature; a division is made in float32, so that it rounds nothing."""
    logits_CV = linear(hidden_CD, head_VD)
    wide = torch.promote_types(logits_CV.dtype, torch.float32)
    return logits_CV if temperature == 1.0 else logits_CV.to(wide) / temperature
