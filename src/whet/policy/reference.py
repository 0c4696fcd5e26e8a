"""π_ref: the reference policy of the KL term, or none at β = 0."""

from collections.abc import Mapping
from contextlib import AbstractContextManager
from typing import Any

import torch
from torch import Tensor

from whet.batch import Batch
from whet.models.sharding import copied
from whet.policy.language_model import LanguageModel


class NoReference:
    """Plays `Reference` at β = 0: keeps and computes nothing."""

    def logprobs(self, batch: Batch) -> None:
        """Returns None."""
        return

    def sync(self, step: int) -> None:
        """Does nothing."""

    def state_dict(self) -> Mapping[str, Tensor]:
        """Returns no state."""
        return {}

    def load_state_dict(self, state: Mapping[str, Tensor]) -> None:
        """There is nothing to restore."""


class FrozenReference:
    """A frozen copy of the policy."""

    def __init__(self, policy: LanguageModel, micro_batch_tokens: int) -> None:
        self.learned = [name for name, weight in policy.model.named_parameters() if weight.requires_grad]
        frozen = policy.watched(lambda: copied(policy.model)).requires_grad_(False)
        self.policy = policy.with_model(frozen, policy.temperature)
        self.tokens = micro_batch_tokens

    def logprobs(self, batch: Batch) -> Tensor:
        """log π_ref as `[B, T]`, without a gradient."""
        return _without_gradient(self.policy, batch, self.tokens)

    def sync(self, step: int) -> None:
        """Does nothing: the copy is frozen."""

    def state_dict(self) -> Mapping[str, Tensor]:
        """Returns the copies of the policy's trainable weights; the others are those of the loaded model."""
        weights = dict(self.policy.model.named_parameters())
        return {name: weights[name] for name in self.learned}

    @torch.no_grad()
    def load_state_dict(self, state: Mapping[str, Tensor]) -> None:
        """Restores the weights from `state_dict`."""
        weights = dict(self.policy.model.named_parameters())
        for name in self.learned:
            weights[name].copy_(state[name])


class FollowingReference(FrozenReference):
    """A copy that moves towards the policy periodically; its mixtures are float32, so that small steps add up."""

    def __init__(self, policy: LanguageModel, micro_batch_tokens: int, every: int, mix: float) -> None:
        super().__init__(policy, micro_batch_tokens)
        self.leader, self.every, self.mix = policy, every, mix
        self.masters = [weight.detach().float() for weight in self.policy.model.parameters()]

    @torch.no_grad()
    def sync(self, step: int) -> None:
        """π_ref ← π_ref + mix · (π_θ − π_ref), after every `every`-th step."""
        if (step + 1) % self.every:
            return
        weights = zip(self.policy.model.parameters(), self.masters, self.leader.model.parameters(), strict=True)
        for weight, master, target in weights:
            weight.copy_(master.lerp_(target.float(), self.mix))

    def state_dict(self) -> Mapping[str, Tensor]:
        """Returns the float32 mixtures by index."""
        return {str(index): master for index, master in enumerate(self.masters)}

    @torch.no_grad()
    def load_state_dict(self, state: Mapping[str, Tensor]) -> None:
        """Restores the mixtures and the layers' rounded copies of them."""
        for index, (weight, master) in enumerate(zip(self.policy.model.parameters(), self.masters, strict=True)):
            weight.copy_(master.copy_(state[str(index)]))


class AdaptersOff:
    """The policy with its LoRA adapters disabled, at no cost in memory."""

    def __init__(self, policy: LanguageModel, micro_batch_tokens: int) -> None:
        self.policy = policy
        self.tokens = micro_batch_tokens

    def logprobs(self, batch: Batch) -> Tensor:
        """log π_ref as `[B, T]`, without a gradient."""
        disabled: AbstractContextManager[Any] = self.policy.model.disable_adapter()
        with disabled:
            return _without_gradient(self.policy, batch, self.tokens)

    def sync(self, step: int) -> None:
        """Does nothing: the base weights are frozen."""

    def state_dict(self) -> Mapping[str, Tensor]:
        """Returns no state: it is the model as loaded."""
        return {}

    def load_state_dict(self, state: Mapping[str, Tensor]) -> None:
        """There is nothing to restore."""


@torch.no_grad()
def _without_gradient(policy: LanguageModel, batch: Batch, tokens: int) -> Tensor:
    logprobs_BT = torch.zeros(batch.mask_BT.shape)
    row = 0
    for part in batch.micro_batches(tokens):
        part_BT = policy.logprobs(part).cpu()
        logprobs_BT[row : row + len(part), : part_BT.shape[1]] = part_BT
        row += len(part)
    return logprobs_BT
