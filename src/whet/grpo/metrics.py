"""Metrics of a step's groups, with TRL's names (docs/metrics.md)."""

from collections.abc import Sequence
from statistics import fmean, stdev

from whet.types import Group, Rollout


def group_metrics(groups: Sequence[Group]) -> dict[str, float]:
    """Returns reward, length and entropy metrics of a step's rollouts.

    `entropy` is −mean log π_old of the tokens that the policy sampled, in nats: an unbiased estimate of the policy's
    entropy at the sampling temperature. Replayed rollouts, which an earlier policy sampled, are left out.
    """
    groups = [group.fresh for group in groups]
    rollouts = [rollout for group in groups for rollout in group.rollouts]
    totals = [reward.total for group in groups for reward in group.rewards if reward.total is not None]
    spreads = [_spread([r.total for r in group.rewards if r.total is not None]) for group in groups]
    return {
        "reward": _mean(totals),
        "reward_std": _mean(spreads),
        "frac_reward_zero_std": 1.0 - _mean([float(group.has_signal) for group in groups]),
        **_lengths(rollouts),
        "entropy": -_mean([logprob for rollout in rollouts for logprob in rollout.sampled_logprobs]),
    }


def _lengths(rollouts: Sequence[Rollout]) -> dict[str, float]:
    lengths = [len(rollout.tokens) for rollout in rollouts]
    return {
        "completions/mean_length": _mean(lengths),
        "completions/max_length": float(max(lengths)),
        "completions/clipped_ratio": _mean([float(rollout.finish == "length") for rollout in rollouts]),
        "completions/tokens": float(sum(lengths)),
    }


def _mean(values: Sequence[float]) -> float:
    return fmean(values) if values else 0.0


def _spread(values: Sequence[float]) -> float:
    """The sample standard deviation (n − 1), as TRL reports it."""
    return stdev(values) if len(values) > 1 else 0.0
