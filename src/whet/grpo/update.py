"""π_θ ← one batch of rollouts: μ passes, each in micro-batches of whole groups and ending in one optimizer step."""

from collections.abc import Mapping
from math import isfinite

import torch
from torch import Tensor

from whet.batch import Batch
from whet.config import GrpoConfig
from whet.config.objectives import ObjectiveConfig
from whet.grpo.importance import corrected
from whet.grpo.objective import Normaliser, objective
from whet.oom import retry_with_smaller_batches
from whet.protocols import Optimizer, Policy

DRIFT = "sampler/logprob_difference_mean"
"""A mean over the tokens that this step sampled: what an earlier step sampled differs because the policy moved."""

TOKEN_MEANS = ("clip_ratio/low_mean", "clip_ratio/high_mean", DRIFT)
"""Metrics that are means over the response tokens learned from, whatever the objective."""


def update(policy: Policy, optimizer: Optimizer, batch: Batch, step: int, config: GrpoConfig) -> dict[str, float]:
    """Maximises the GRPO objective on `batch` μ times; returns the step's metrics, means over passes.

    Groups whose advantages are all zero have no policy gradient: without a KL term or an entropy bonus they skip the
    learner, and still count in the normaliser.
    """
    how = config.objective
    batch = batch.without_truncated() if how.mask_truncated else batch
    normaliser = Normaliser(len(batch), int(batch.mask_BT.sum()), config.sampling.max_tokens)
    by_advantage_alone = batch.reference_logprobs_BT is None and not how.entropy_bonus
    learned = batch.with_signal() if by_advantage_alone else batch.with_tokens()
    parts = [learned] if len(learned) else []
    names = _names(learned, how)
    tokens = max(int(torch.count_nonzero(learned.mask_BT)), 1)
    fresh = max(int(torch.count_nonzero(learned.fresh_BT)), 1)
    counts = {name: fresh if name == DRIFT else tokens for name in names}
    passes = []
    for _ in range(how.iterations):
        sums, rest = _one_pass(policy, optimizer, parts, normaliser, step, config)
        passes.append({**{name: sums.get(name, 0.0) / count for name, count in counts.items()}, **rest})
    metrics = {name: sum(metrics[name] for metrics in passes) / len(passes) for name in passes[0]}
    drift = {name: passes[0][name] for name in (DRIFT, "sampler/logprob_difference_max")}
    return {**metrics, **drift}


def _one_pass(
    policy: Policy, optimizer: Optimizer, parts: list[Batch], normaliser: Normaliser, step: int, config: GrpoConfig
) -> tuple[Mapping[str, float], Mapping[str, float]]:
    """One gradient over the batch and one optimizer step: sums over tokens, and the other figures.

    `parts` become micro-batches, as small as memory asks. On the first pass each of them is replaced by itself with
    its importance weights, where the recipe wants them.
    """

    whole = tuple(parts)

    def gradient(tokens: int) -> tuple[Mapping[str, float], Mapping[str, float]]:
        parts[:] = [small for part in whole for small in part.micro_batches(tokens)]
        return _gradient(policy, optimizer, parts, normaliser, config.objective)

    tokens, smallest = (
        min(config.micro_batch_tokens, policy.max_micro_batch_tokens),
        min((part.least for part in whole), default=1),
    )
    (sums, figures), policy.max_micro_batch_tokens = retry_with_smaller_batches(
        gradient, tokens, smallest, optimizer.zero_grad
    )
    if not isfinite(figures["loss"]):  # its gradient may be finite, and is of nothing
        optimizer.zero_grad()
    stepped = optimizer.step(step)
    counts = isfinite(figures["loss"]) and isfinite(stepped["grad_norm"])
    return sums, {**figures, **stepped, "non_finite_ratio": float(not counts)}


def _gradient(
    policy: Policy, optimizer: Optimizer, parts: list[Batch], normaliser: Normaliser, how: ObjectiveConfig
) -> tuple[Mapping[str, float], Mapping[str, float]]:
    """∇J over micro-batches: sums over tokens, and the other figures."""
    loss, largest = 0.0, 0.0
    sums: dict[str, float] = {}
    for index, sampled in enumerate(parts):
        logprobs_BT, entropy_BT = _scores(policy, sampled, how)
        part = parts[index] = corrected(sampled, logprobs_BT, how)
        terms = objective(logprobs_BT, part, normaliser, how, entropy_BT)
        optimizer.backward(terms.value)
        loss += terms.value.item()
        difference_M = (logprobs_BT.detach() - sampled.old_logprobs_BT).abs()[part.fresh_BT]
        totals = terms.token_sums | {DRIFT: difference_M.sum()}
        sums = {name: sums.get(name, 0.0) + total.item() for name, total in totals.items()}
        largest = max(largest, difference_M.max().item() if len(difference_M) else 0.0)
    return sums, {"loss": loss, "sampler/logprob_difference_max": largest}


def _scores(policy: Policy, part: Batch, how: ObjectiveConfig) -> tuple[Tensor, Tensor | None]:
    """log π_θ of the sampled tokens and, for a bonus only, the entropy of π_θ at each of them."""
    return policy.logprobs_and_entropies(part) if how.entropy_bonus else (policy.logprobs(part), None)


def _names(batch: Batch, how: ObjectiveConfig) -> list[str]:
    """The metrics that are means over tokens."""
    optional = {
        "kl": batch.reference_logprobs_BT is not None,
        "sampler/importance_mean": how.importance != "none",
    }
    return [*TOKEN_MEANS, *(name for name, present in optional.items() if present)]
