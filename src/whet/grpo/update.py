"""Updates π_θ on a batch of rollouts: μ passes of one gradient over the batch and one optimizer step each."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from math import isfinite
from typing import NamedTuple

import torch
from torch import Tensor

from whet.batch import Batch
from whet.config import GrpoConfig
from whet.config.objectives import ObjectiveConfig
from whet.grpo.importance import corrected
from whet.grpo.learned_tokens import LearnedTokens, TokenValues
from whet.grpo.objective import Normaliser, objective
from whet.protocols import Optimizer, Policy

DRIFT = "sampler/logprob_difference_mean"
"""The metric: mean |log π_θ − log π_sampler| in nats over tokens that this step sampled, so without replayed ones."""

DRIFT_MAX = "sampler/logprob_difference_max"

TOKEN_MEANS = ("clip_ratio/low_mean", "clip_ratio/high_mean", DRIFT)
"""Metrics that are means over tokens for every objective."""


@dataclass(frozen=True, slots=True)
class Scored:
    """The results of a micro-batch's forward pass, without a graph."""

    batch: Batch
    """The micro-batch, with importance weights where the recipe enables them."""
    loss: Tensor
    """The micro-batch's share of the batch's loss, a scalar."""
    token_sums: Mapping[str, Tensor]
    """Sums over the tokens in the loss, by metric name."""
    largest_drift: Tensor
    """A scalar: the largest |log π_θ − log π_sampler| of a token that this step sampled, in nats."""
    values: TokenValues
    """Of each token, for those who read the run."""


class Updated(NamedTuple):
    """What an update found."""

    metrics: dict[str, float]
    """Means over passes."""
    tokens: LearnedTokens
    """What the last pass found of each token."""


def update(policy: Policy, optimizer: Optimizer, batch: Batch, step: int, config: GrpoConfig) -> Updated:
    """Maximises the GRPO objective on `batch` μ times.

    Groups whose advantages are all zero have no policy gradient: without a KL term or an entropy bonus they skip the
    learner, and still count in the normaliser.
    """
    how = config.objective
    batch = batch.without_truncated() if how.mask_truncated else batch
    normaliser = Normaliser.of(batch, config.sampling.max_tokens)
    by_advantage_alone = batch.reference_logprobs_BT is None and not how.entropy_bonus
    learned = batch.with_signal() if by_advantage_alone else batch.with_loss()
    counts = _token_counts(learned, how)
    parts = [learned] if len(learned) else []
    passes, scored = [], []
    for _ in range(how.iterations):  # GRPO iteration = 1 … μ
        scored = optimizer.accumulate(parts, partial(score, policy, normaliser, config))
        passes.append(_stepped(optimizer, step, _figures(scored, counts)))
        parts = [one.batch for one in scored]  # importance weights are those of before the first pass
    means = {name: sum(metrics[name] for metrics in passes) / len(passes) for name in passes[0]}
    drift = {name: passes[0][name] for name in (DRIFT, DRIFT_MAX)}  # later passes have moved the policy
    return Updated({**means, **drift}, LearnedTokens([(one.batch, one.values) for one in scored]))


def score(policy: Policy, normaliser: Normaliser, config: GrpoConfig, sampled: Batch) -> tuple[Tensor, Scored]:
    """Returns the loss of one micro-batch, with a graph, and its results without one.

    The loss is computed where the log-probabilities are, and nothing is read back meanwhile: the host goes on.
    """
    how = config.objective
    logprobs_BT, entropy_BT = _forward(policy, sampled, config)
    there = sampled.to(logprobs_BT.device)
    batch = corrected(there, logprobs_BT, how)
    loss = objective(logprobs_BT, batch, normaliser, how, entropy_BT)
    difference_BT = torch.where(batch.fresh_BT, (logprobs_BT.detach() - there.old_logprobs_BT).abs(), 0.0)
    sums = loss.token_sums | {DRIFT: difference_BT.sum()}
    kept = sampled if batch is there else batch.to(sampled.mask_BT.device)  # importance weights, for later passes
    found = TokenValues(
        logprobs_BT.detach() - batch.old_logprobs_BT,
        loss.clipped_BT,
        None if entropy_BT is None else entropy_BT.detach(),
    )
    return loss.value, Scored(kept, loss.value.detach(), sums, difference_BT.max(), found)


def _forward(policy: Policy, batch: Batch, config: GrpoConfig) -> tuple[Tensor, Tensor | None]:
    """log π_θ of the sampled tokens and, where somebody asks for it, the entropy of π_θ at each of them."""
    asked = config.objective.entropy_bonus or config.record_entropy
    return policy.logprobs_and_entropies(batch) if asked else (policy.logprobs(batch), None)


def _stepped(optimizer: Optimizer, step: int, figures: Mapping[str, float]) -> dict[str, float]:
    """Takes the optimizer's step; returns its metrics with those of the pass."""
    if not isfinite(figures["loss"]):  # a non-finite loss may still have a finite gradient
        optimizer.zero_grad()
    stepped = optimizer.step(step)
    counts = isfinite(figures["loss"]) and isfinite(stepped["grad_norm"])
    return {**figures, **stepped, "non_finite_ratio": float(not counts)}


def _token_counts(batch: Batch, how: ObjectiveConfig) -> dict[str, int]:
    """The number of tokens of each metric that is a mean over tokens."""
    optional = {
        "kl": batch.reference_logprobs_BT is not None,
        "sampler/importance_mean": how.importance != "none",
    }
    names = [*TOKEN_MEANS, *(name for name, present in optional.items() if present)]
    tokens, fresh = (max(int(torch.count_nonzero(mask_BT)), 1) for mask_BT in (batch.loss_mask_BT, batch.fresh_BT))
    return {name: fresh if name == DRIFT else tokens for name in names}


def _figures(scored: Sequence[Scored], counts: Mapping[str, int]) -> dict[str, float]:
    """Metrics of a pass over the whole batch: means over tokens, the loss, and the largest drift."""
    means = {
        name: sum(one.token_sums[name].item() for one in scored if name in one.token_sums) / count
        for name, count in counts.items()
    }
    loss = sum(one.loss.item() for one in scored)
    return {**means, "loss": loss, DRIFT_MAX: max((one.largest_drift.item() for one in scored), default=0.0)}
