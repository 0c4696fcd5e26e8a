"""The negative log-likelihood of the target tokens; prompt tokens do not count."""

import torch
from torch import Tensor


def negative_log_likelihood(logprobs_BT: Tensor, loss_mask_BT: Tensor, tokens: int) -> Tensor:
    """Returns −Σ log π(o_t) / `tokens` over the masked tokens: a part's share of the mean over the batch, in nats.

    >>> negative_log_likelihood(torch.tensor([[-1.0, -3.0]]), torch.tensor([[False, True]]), 1).item()
    3.0
    """
    return -torch.where(loss_mask_BT, logprobs_BT, 0.0).sum() / tokens
