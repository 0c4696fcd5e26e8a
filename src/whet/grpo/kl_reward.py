"""Subtracts β D_KL[π_θ ‖ π_ref] from the reward instead of adding it to the loss (RLOO, arXiv:2402.14740, §2)."""

from collections.abc import Sequence
from dataclasses import replace

import torch

from whet.batch import Batch, collate
from whet.config.objectives import ObjectiveConfig
from whet.grpo.kl import kl_divergence
from whet.protocols import Experience, Reference
from whet.types import Collected, Group, Reward


class KlReward:
    """Plays `Experience`: wraps another one and subtracts β Σ_t KL_t from every reward.

    The KL is a part of the reward named `kl`, with the weight −β, which baselines, scales and combinations treat like
    any other.
    """

    def __init__(self, inner: Experience, reference: Reference, config: ObjectiveConfig) -> None:
        self.inner, self.reference, self.config = inner, reference, config

    def collect(self, step: int) -> Collected:
        """Returns the groups of the wrapped experience, each reward less β times its rollout's KL in nats."""
        collected = self.inner.collect(step)
        kl = iter(self._divergences(collected.groups))
        groups = (
            replace(group, rewards=tuple(self._less(reward, next(kl)) for reward in group.rewards))
            for group in collected.groups
        )
        return replace(collected, groups=tuple(groups))

    def _divergences(self, groups: Sequence[Group]) -> list[float]:
        """Σ_t of the KL estimates for every rollout, in order, with the recorded log π_old for log π_θ."""
        batch = collate(groups, [[0.0] * len(group.rewards) for group in groups])
        reference_BT = self.reference.logprobs(batch)
        if reference_BT is None:
            return [0.0] * len(batch)
        kl_BT = kl_divergence(batch.old_logprobs_BT, reference_BT, self.config.kl)
        divergences: list[float] = torch.where(batch.loss_mask_BT, kl_BT, 0.0).double().sum(-1).tolist()
        return divergences

    def _less(self, reward: Reward, kl: float) -> Reward:
        """The reward less the KL penalty; unchanged where it does not apply."""
        if reward.total is None:
            return reward
        weights = {**reward.weights, "kl": -self.config.beta}
        total = reward.total - self.config.beta * kl
        return replace(reward, total=total, parts={**reward.parts, "kl": kl}, weights=weights)


class SyncedOnly:
    """Plays `Reference` for a loss without a KL term: returns no log-probabilities, but still syncs the wrapped one."""

    def __init__(self, reference: Reference) -> None:
        self.reference = reference

    def logprobs(self, batch: Batch) -> None:
        """Returns None: the KL is in the reward already."""
        return

    def sync(self, step: int) -> None:
        """Syncs the wrapped reference."""
        self.reference.sync(step)
