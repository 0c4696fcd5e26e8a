"""Estimators of D_KL[π_θ ‖ π_ref] from tokens sampled from π_θ (J. Schulman, "Approximating KL divergence", 2020).

With log r = log π_ref(o_t) − log π_θ(o_t):

    k1 = −log r               unbiased, high variance, may be negative
    k2 = (log r)² / 2         biased, low variance
    k3 = r − 1 − log r        unbiased, low variance, never negative: the GRPO paper's, eq. 4
"""

from collections.abc import Callable

import torch
from torch import Tensor

ESTIMATORS: dict[str, Callable[[Tensor], Tensor]] = {
    "k1": lambda log_r: -log_r,
    "k2": lambda log_r: log_r.square() / 2,
    "k3": lambda log_r: torch.expm1(log_r) - log_r,
}


def kl_divergence(logprobs_BT: Tensor, reference_logprobs_BT: Tensor, estimator: str = "k3") -> Tensor:
    """Returns the KL estimate for every token, in nats, `[B, T]`; the gradient reaches `logprobs_BT`.

    >>> kl_divergence(torch.tensor([-1.0]), torch.tensor([-1.0])).item()
    0.0
    """
    return ESTIMATORS[estimator](reference_logprobs_BT - logprobs_BT)
