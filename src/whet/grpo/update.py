"""π_θ ← one batch of rollouts: μ passes, each in micro-batches of whole groups and ending in one optimizer step."""

from collections.abc import Mapping

import torch

from whet.batch import Batch
from whet.config import GrpoConfig
from whet.grpo.objective import Normaliser, objective
from whet.protocols import Optimizer, Policy

TOKEN_MEANS = ("clip_ratio/low_mean", "clip_ratio/high_mean", "sampler/logprob_difference_mean")
"""Metrics that are means over the response tokens learned from; `kl` is one more where there is a reference."""


def update(policy: Policy, optimizer: Optimizer, batch: Batch, step: int, config: GrpoConfig) -> dict[str, float]:
    """Maximises the GRPO objective on `batch` μ times; returns the step's metrics, means over passes.

    Groups whose advantages are all zero have no policy gradient: without a KL term they skip the learner, and
    still count in the normaliser.
    """
    normaliser = Normaliser(len(batch), int(batch.mask_BT.sum()), config.sampling.max_tokens)
    learned = batch.with_signal() if batch.reference_logprobs_BT is None else batch
    passes = [
        _one_pass(policy, optimizer, learned, normaliser, step, config) for _ in range(config.objective.iterations)
    ]
    metrics = {name: sum(metrics[name] for metrics in passes) / len(passes) for name in passes[0]}
    drift = {name: passes[0][name] for name in ("sampler/logprob_difference_mean", "sampler/logprob_difference_max")}
    return {**metrics, **drift}


def _one_pass(
    policy: Policy, optimizer: Optimizer, batch: Batch, normaliser: Normaliser, step: int, config: GrpoConfig
) -> dict[str, float]:
    """One gradient over the batch and one optimizer step."""
    loss, largest = 0.0, 0.0
    sums = dict.fromkeys(TOKEN_MEANS, 0.0) | ({} if batch.reference_logprobs_BT is None else {"kl": 0.0})
    for part in batch.micro_batches(config.micro_batch_tokens):
        logprobs_BT = policy.logprobs(part)
        terms = objective(logprobs_BT, part, normaliser, config.objective)
        optimizer.accumulate(terms.value)
        loss += terms.value.item()
        difference_BT = (logprobs_BT.detach() - part.old_logprobs_BT).abs()[part.mask_BT]
        totals = terms.token_sums | {"sampler/logprob_difference_mean": difference_BT.sum()}
        sums = {name: before + totals[name].item() for name, before in sums.items()}
        largest = max(largest, difference_BT.max().item())
    return {
        "loss": loss,
        **_token_means(sums, batch),
        "sampler/logprob_difference_max": largest,
        **optimizer.step(step),
    }


def _token_means(sums: Mapping[str, float], batch: Batch) -> dict[str, float]:
    """Sums over tokens become means over the tokens learned from."""
    tokens = max(int(torch.count_nonzero(batch.mask_BT)), 1)
    return {name: total / tokens for name, total in sums.items()}
