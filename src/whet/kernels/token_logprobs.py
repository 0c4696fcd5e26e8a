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
    """∂ log p(y) / ∂ logits = onehot(y) − softmax(logits), scaled by 1 / temperature."""

    @staticmethod
    def forward(ctx: Any, hidden_ND: Tensor, head_VD: Tensor, targets_N: Tensor, temperature: float) -> Tensor:
        logprobs_N = torch.empty(len(hidden_ND), dtype=_wide(hidden_ND), device=hidden_ND.device)
        normaliser_N = torch.empty_like(logprobs_N)
        for start in range(0, len(hidden_ND), CHUNK):
            part = slice(start, start + CHUNK)
            logits_CV = linear(hidden_ND[part], head_VD).to(logprobs_N.dtype) / temperature
            normaliser_N[part] = logits_CV.logsumexp(-1)
            logprobs_N[part] = logits_CV.gather(-1, targets_N[part, None])[:, 0] - normaliser_N[part]
        ctx.save_for_backward(hidden_ND, head_VD, targets_N, normaliser_N)
        ctx.temperature = temperature
        return logprobs_N

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor, Tensor | None, None, None]:
        hidden_ND, head_VD, targets_N, normaliser_N = ctx.saved_tensors
        upstream_N = gradients[0] / ctx.temperature
        hidden_gradient_ND = torch.empty_like(hidden_ND)
        head_gradient_VD = torch.zeros_like(head_VD, dtype=upstream_N.dtype) if ctx.needs_input_grad[1] else None
        for start in range(0, len(hidden_ND), CHUNK):
            part = slice(start, start + CHUNK)
            logits_CV = linear(hidden_ND[part], head_VD).to(upstream_N.dtype) / ctx.temperature
            slope_CV = logits_CV.sub_(normaliser_N[part, None]).exp_().mul_(-upstream_N[part, None])
            slope_CV.scatter_add_(-1, targets_N[part, None], upstream_N[part, None])
            slope_CV = slope_CV.to(hidden_ND.dtype)
            hidden_gradient_ND[part] = slope_CV @ head_VD
            if head_gradient_VD is not None:
                head_gradient_VD += slope_CV.T @ hidden_ND[part]
        return (
            hidden_gradient_ND,
            None if head_gradient_VD is None else head_gradient_VD.to(head_VD.dtype),
            None,
            None,
        )


def token_logprobs(hidden_ND: Tensor, head_VD: Tensor, targets_N: Tensor, temperature: float = 1.0) -> Tensor:
    """log softmax(hidden · headᵀ / temperature) at the targets, `[N]`, in float32 (float64 for float64 input).

    `hidden_ND` holds the final hidden states that predict `targets_N`; the gradient reaches them and the head.
    """
    result: Tensor = _TokenLogprobs.apply(hidden_ND, head_VD, targets_N, temperature)  # type: ignore[no-untyped-call]
    return result


def _wide(hidden_ND: Tensor) -> torch.dtype:
    return torch.promote_types(hidden_ND.dtype, torch.float32)
