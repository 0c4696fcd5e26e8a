"""The GRPO objective: ratio, surrogate, aggregation, KL (arXiv:2402.03300, eq. 3).

    L = −E[ min(ρ_t Â, clip(ρ_t, 1 − ε_low, 1 + ε_high) Â) − β D_KL ],   ρ_t = π_θ(o_t) / π_old(o_t)

Each term is an entry of a table, so that a variant is a choice of entries (`whet.config.objectives`). Token weights are
computed from the whole batch before it is split, so neither the loss nor its gradient depends on the micro-batches.
"""

from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor

from whet.batch import Batch
from whet.config.objectives import ObjectiveConfig
from whet.grpo.kl import kl_divergence
from whet.grpo.ratio import RATIOS
from whet.grpo.surrogate import CLIPPED, SURROGATES


@dataclass(frozen=True, slots=True)
class Normaliser:
    """The counts of the full batch by which the sum over tokens is normalised."""

    rows: int
    """B: rollouts, those without a signal included."""
    tokens: int
    """Tokens of the batch that count in the loss."""
    length: int
    """The limit on completion tokens: Dr. GRPO's constant L."""

    @classmethod
    def of(cls, batch: Batch, longest: int) -> "Normaliser":
        """Returns the normaliser of a full batch, before it is filtered or split."""
        return cls(len(batch), int(batch.loss_mask_BT.sum()), longest)


AGGREGATIONS: dict[str, Callable[[Batch, Normaliser], Tensor | float]] = {
    # GRPO: (1/B) Σ_i (1/|o_i|) Σ_t
    "sequence_mean": lambda batch, n: 1 / (n.rows * batch.loss_lengths_B.clamp(min=1)[:, None]),
    # DAPO (arXiv:2503.14476, eq. 8): (1/Σ_i|o_i|) Σ_i Σ_t
    "token_mean": lambda _, n: 1 / max(n.tokens, 1),
    # Dr. GRPO (arXiv:2503.20783): (1/(B·L)) Σ_i Σ_t
    "constant_length": lambda _, n: 1 / (n.rows * n.length),
    # LUSPO (arXiv:2602.05261): (1/B) Σ_i Σ_t
    "sequence_sum": lambda _, n: 1 / n.rows,
}
"""The weight of each token, or of all; no tensor is made on the host, for whose copy a GPU would be waited for."""


@dataclass(frozen=True, slots=True)
class Loss:
    """The loss of a micro-batch, and sums over its tokens for metrics."""

    value: Tensor
    """A scalar; the batch's loss is the sum over its micro-batches."""
    token_sums: dict[str, Tensor]
    """Sums over the tokens in the loss, by metric name."""
    clipped_BT: Tensor
    """bool `[B, T]`: the tokens whose gradient the surrogate's clip took away or bounded."""


def objective(
    logprobs_BT: Tensor,
    batch: Batch,
    normaliser: Normaliser,
    config: ObjectiveConfig,
    entropy_BT: Tensor | None = None,
) -> Loss:
    """Returns the loss L of a micro-batch; the gradient reaches `logprobs_BT`, and `entropy_BT` for a bonus."""
    mask_BT = batch.loss_mask_BT
    advantage_B1 = batch.advantage_B[:, None].to(logprobs_BT)
    ratio_BT = RATIOS[config.ratio](torch.where(mask_BT, logprobs_BT - batch.old_logprobs_BT, 0.0), mask_BT)
    gain_BT = SURROGATES[config.surrogate](ratio_BT, logprobs_BT, advantage_B1, config)
    if batch.importance_BT is not None:
        gain_BT = gain_BT * batch.importance_BT
    kl_BT = _kl(logprobs_BT, batch, config) * (ratio_BT if config.kl_corrected else 1)
    loss_BT = config.beta * kl_BT - gain_BT
    weight_BT = AGGREGATIONS[config.aggregation](batch, normaliser)
    value = torch.where(mask_BT, loss_BT * weight_BT, 0.0).sum()
    if entropy_BT is not None and config.entropy_bonus:
        value = value - config.entropy_bonus * _entropy(entropy_BT, mask_BT, normaliser)
    quantities = {
        "clip_ratio/low_mean": (ratio_BT < 1 - config.clip_low) & (advantage_B1 < 0),
        "clip_ratio/high_mean": (ratio_BT > 1 + config.clip_high) & (advantage_B1 > 0),
        **({} if batch.reference_logprobs_BT is None else {"kl": kl_BT}),
        **({} if batch.importance_BT is None else {"sampler/importance_mean": batch.importance_BT}),
    }
    sums = {name: torch.where(mask_BT, q.detach().float(), 0.0).sum() for name, q in quantities.items()}
    return Loss(value, sums, mask_BT & CLIPPED[config.surrogate](ratio_BT, advantage_B1, config))


def _kl(logprobs_BT: Tensor, batch: Batch, config: ObjectiveConfig) -> Tensor:
    """D_KL per token, zero where no reference is kept."""
    if batch.reference_logprobs_BT is None:
        return torch.zeros_like(logprobs_BT)
    reference_BT = torch.where(batch.loss_mask_BT, batch.reference_logprobs_BT, logprobs_BT.detach())
    return kl_divergence(logprobs_BT, reference_BT, config.kl)


def _entropy(entropy_BT: Tensor, mask_BT: Tensor, normaliser: Normaliser) -> Tensor:
    """This micro-batch's share of the mean entropy over the batch's tokens (A3C, arXiv:1602.01783, §4)."""
    return torch.where(mask_BT, entropy_BT, 0.0).sum() / max(normaliser.tokens, 1)
