"""The negative log-likelihood of the solution's tokens; what the prompt says is given, not learned."""

import torch
from torch import Tensor


def negative_log_likelihood(logprobs_BT: Tensor, loss_mask_BT: Tensor, tokens: int) -> Tensor:
    """−Σ log π(o_t) over the tokens that count / `tokens`: a part's share of the mean over the whole batch, in nats.

    >>> negative_log_likelihood(torch.tensor([[-1.0, -3.0]]), torch.tensor([[False, True]]), 1).item()
    3.0
    """
    return -torch.where(loss_mask_BT, logprobs_BT, 0.0).sum() / tokens
