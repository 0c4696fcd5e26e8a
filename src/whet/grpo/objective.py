"""The objective: ratio, clip, aggregation (GRPO, arXiv:2402.03300, eq. 3; the clip is PPO's, arXiv:1707.06347, eq. 7).

    L = −E[ min(ρ_t Â, clip(ρ_t, 1 − ε_low, 1 + ε_high) Â) − β D_KL ],   ρ_t = π_θ(o_t) / π_old(o_t)

Every token has a weight that is fixed by the whole batch before it is split, so neither the loss nor its
gradient depends on the micro-batches.
"""

from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor

from whet.batch import Batch
from whet.config import ObjectiveConfig
from whet.grpo.kl import kl_divergence


@dataclass(frozen=True, slots=True)
class Normaliser:
    """What the sum over tokens is divided by, taken over the full batch."""

    rows: int
    """B: responses, those without a signal included."""
    tokens: int
    """Response tokens of the batch."""
    length: int
    """The longest response allowed: Dr. GRPO's constant."""


AGGREGATIONS: dict[str, Callable[[Batch, Normaliser], Tensor]] = {
    # GRPO: (1/B) Σ_i (1/|o_i|) Σ_t
    "sequence_mean": lambda batch, n: 1 / (n.rows * batch.lengths_B.clamp(min=1)[:, None]),
    # DAPO (arXiv:2503.14476, eq. 8): (1/Σ_i|o_i|) Σ_i Σ_t
    "token_mean": lambda _, n: torch.tensor(1 / max(n.tokens, 1)),
    # Dr. GRPO (arXiv:2503.20783): (1/(B·L)) Σ_i Σ_t
    "constant_length": lambda _, n: torch.tensor(1 / (n.rows * n.length)),
}


@dataclass(frozen=True, slots=True)
class Loss:
    """The loss of a micro-batch and the sums over its tokens that metrics are made of."""

    value: Tensor
    """A scalar; the batch's loss is the sum over its micro-batches."""
    token_sums: dict[str, Tensor]
    """Sums over response tokens, by metric name."""


def clipped_surrogate(ratio_BT: Tensor, advantage_B1: Tensor, config: ObjectiveConfig) -> Tensor:
    """min(ρ Â, clip(ρ, 1 − ε_low, 1 + ε_high) Â), `[B, T]`."""
    clipped_BT = ratio_BT.clamp(1 - config.clip_low, 1 + config.clip_high)
    return torch.minimum(ratio_BT * advantage_B1, clipped_BT * advantage_B1)


def objective(logprobs_BT: Tensor, batch: Batch, normaliser: Normaliser, config: ObjectiveConfig) -> Loss:
    """L over the micro-batch `batch`; the gradient reaches `logprobs_BT`."""
    mask_BT = batch.mask_BT
    advantage_B1 = batch.advantage_B[:, None].to(logprobs_BT)
    ratio_BT = torch.where(mask_BT, logprobs_BT - batch.old_logprobs_BT, 0.0).exp()
    kl_BT = _kl(logprobs_BT, batch)
    loss_BT = config.beta * kl_BT - clipped_surrogate(ratio_BT, advantage_B1, config)
    weight_BT = AGGREGATIONS[config.aggregation](batch, normaliser).to(loss_BT)
    clipped_low_BT = (ratio_BT < 1 - config.clip_low) & (advantage_B1 < 0)
    clipped_high_BT = (ratio_BT > 1 + config.clip_high) & (advantage_B1 > 0)
    quantities = {"clip_ratio/low_mean": clipped_low_BT, "clip_ratio/high_mean": clipped_high_BT}
    if batch.reference_logprobs_BT is not None:
        quantities["kl"] = kl_BT
    return Loss(
        value=torch.where(mask_BT, loss_BT * weight_BT, 0.0).sum(),
        token_sums={name: torch.where(mask_BT, q.detach().float(), 0.0).sum() for name, q in quantities.items()},
    )


def _kl(logprobs_BT: Tensor, batch: Batch) -> Tensor:
    """D_KL per token, zero where no reference is kept."""
    if batch.reference_logprobs_BT is None:
        return torch.zeros_like(logprobs_BT)
    reference_BT = torch.where(batch.mask_BT, batch.reference_logprobs_BT, logprobs_BT.detach())
    return kl_divergence(logprobs_BT, reference_BT)
