"""Computes log π(o_t) and the entropy of π(· | o_<t) from hidden states, for an entropy bonus.

    H = −Σ_v p_v log p_v = log Σ_v exp(l_v) − Σ_v p_v l_v

The head runs over chunks of tokens and again in the backward, so that float32 logits exist for one chunk at a time.
"""

import torch
from torch import Tensor
from torch.nn.functional import linear
from torch.utils.checkpoint import checkpoint

from whet.models.soft_caps import soft_capped
from whet.policy.head_chunks import head_sizes


def token_logprobs_and_entropies(
    hidden_ND: Tensor, head_VD: Tensor, targets_N: Tensor, temperature: float = 1.0, soft_cap: float | None = None
) -> tuple[Tensor, Tensor]:
    """Returns log softmax(hidden · headᵀ / temperature) at the targets, and the entropy of that distribution in nats.

    Where there is a soft cap the product is capped before it is divided.

    Both `[N]`, in float32 (float64 for float64 input); the gradient reaches `hidden_ND` and the head.

    >>> logprobs, entropies = token_logprobs_and_entropies(torch.zeros(1, 2), torch.zeros(4, 2), torch.tensor([3]))
    >>> round(logprobs.item(), 4), round(entropies.item(), 4)
    (-1.3863, 1.3863)
    """
    chunk = head_sizes(hidden_ND.device, len(head_VD), hidden_ND.element_size()).chunk
    pairs = [
        checkpoint(_of_chunk, hidden_CD, head_VD, targets_C, temperature, soft_cap, use_reentrant=False)
        for hidden_CD, targets_C in zip(hidden_ND.split(chunk), targets_N.split(chunk), strict=True)
    ]
    logprobs, entropies = zip(*pairs, strict=True)
    return torch.cat(logprobs), torch.cat(entropies)


def logprobs_and_entropies(logits_NV: Tensor, targets_N: Tensor) -> tuple[Tensor, Tensor]:
    """Returns log-probabilities of the targets and entropies in nats from logits `[…, V]`, both `[…]`."""
    log_sum_N = logits_NV.logsumexp(-1)
    logprobs_N = logits_NV.gather(-1, targets_N[..., None])[..., 0] - log_sum_N
    return logprobs_N, log_sum_N - (logits_NV.softmax(-1) * logits_NV).sum(-1)


def _of_chunk(
    hidden_CD: Tensor, head_VD: Tensor, targets_C: Tensor, temperature: float, soft_cap: float | None
) -> tuple[Tensor, Tensor]:
    logits_CV = linear(hidden_CD, head_VD)
    if soft_cap is not None:
        logits_CV = soft_capped(logits_CV, soft_cap)
    wide = torch.promote_types(logits_CV.dtype, torch.float32)
    return logprobs_and_entropies(logits_CV.to(wide) / temperature, targets_C)
