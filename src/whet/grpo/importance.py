"""Importance correction for a sampler whose probabilities differ from the learner's.

An engine with other kernels, other precision or older weights samples from π_sampler; the learner knows π_old, its own
policy before the first pass. Then ρ = π_θ / π_old, and every gain is multiplied by w = π_old / π_sampler, of tokens or
of whole completions. Large weights have a large variance, so they are truncated (F. Yao et al., "Your efficient RL
framework secretly brings you off-policy RL training", 2025) or masked (J. Liu et al., "When speed kills stability",
2025). This is the decoupled objective of AReaL, arXiv:2505.24298.
"""

from collections.abc import Callable
from dataclasses import replace

import torch
from torch import Tensor

from whet.batch import Batch
from whet.config.objectives import ObjectiveConfig

LEVELS: dict[str, Callable[[Tensor], Tensor]] = {
    "token": lambda log_w_BT: log_w_BT,
    "sequence": lambda log_w_BT: log_w_BT.sum(-1, keepdim=True).expand_as(log_w_BT),
}
"""The level of log w: each token, or the sum over a completion for all of its tokens."""

BOUNDS: dict[str, Callable[[Tensor, float, float], Tensor]] = {
    "truncate": lambda w_BT, low, high: w_BT.clamp(low, high),
    "mask": lambda w_BT, low, high: torch.where((w_BT < low) | (w_BT > high), 0.0, w_BT),
}
"""How weights outside the limits are bounded: to the nearest limit, or to 0."""


def importance_weights(
    old_logprobs_BT: Tensor, sampler_logprobs_BT: Tensor, mask_BT: Tensor, config: ObjectiveConfig
) -> Tensor:
    """Returns w = π_old / π_sampler as `[B, T]`, bounded; without a gradient.

    >>> old, sampler = torch.tensor([[-1.0, -1.0]]), torch.tensor([[-1.0, -3.0]])
    >>> config = ObjectiveConfig(importance="token")
    >>> importance_weights(old, sampler, torch.tensor([[True, True]]), config)
    tensor([[1., 3.]])
    """
    log_w_BT = torch.where(mask_BT, old_logprobs_BT.detach() - sampler_logprobs_BT, 0.0)
    low = 0.0 if config.importance_min is None else config.importance_min
    high = torch.inf if config.importance_max is None else config.importance_max
    return BOUNDS[config.importance_bound](LEVELS[config.importance](log_w_BT).exp(), low, high)


def corrected(batch: Batch, logprobs_BT: Tensor, config: ObjectiveConfig) -> Batch:
    """Returns the batch with the learner's own log π_old and the weights w, where the recipe enables the correction.

    `logprobs_BT` is the learner's before its first optimizer step on the batch, and so log π_old. A batch that has
    weights already is returned unchanged.
    """
    if config.importance == "none" or batch.importance_BT is not None:
        return batch
    old_BT = logprobs_BT.detach()
    weights_BT = importance_weights(old_BT, batch.old_logprobs_BT, batch.loss_mask_BT, config)
    return replace(batch, old_logprobs_BT=old_BT, importance_BT=weights_BT)
