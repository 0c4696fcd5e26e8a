"""π_ref: the policy that training must not stray from, or nothing at β = 0."""

from contextlib import AbstractContextManager
from copy import deepcopy
from typing import Any

import torch
from torch import Tensor

from whet.batch import Batch
from whet.policy.language_model import LanguageModel


class NoReference:
    """β = 0: nothing is kept and nothing is computed."""

    def logprobs(self, batch: Batch) -> None:
        """None."""
        return


class FrozenReference:
    """A copy of the policy as it was, never trained."""

    def __init__(self, policy: LanguageModel, micro_batch_tokens: int) -> None:
        frozen = deepcopy(policy.model).requires_grad_(False)
        self.policy = policy.alike(frozen, policy.temperature)
        self.tokens = micro_batch_tokens

    def logprobs(self, batch: Batch) -> Tensor:
        """log π_ref as `[B, T]`, without a gradient."""
        return _without_gradient(self.policy, batch, self.tokens)


class AdaptersOff:
    """With LoRA the reference costs no memory: it is the policy without its adapters."""

    def __init__(self, policy: LanguageModel, micro_batch_tokens: int) -> None:
        self.policy = policy
        self.tokens = micro_batch_tokens

    def logprobs(self, batch: Batch) -> Tensor:
        """log π_ref as `[B, T]`, without a gradient."""
        disabled: AbstractContextManager[Any] = self.policy.model.disable_adapter()
        with disabled:
            return _without_gradient(self.policy, batch, self.tokens)


@torch.no_grad()
def _without_gradient(policy: LanguageModel, batch: Batch, tokens: int) -> Tensor:
    logprobs_BT = torch.zeros(batch.mask_BT.shape)
    row = 0
    for part in batch.micro_batches(tokens):
        part_BT = policy.logprobs(part).cpu()
        logprobs_BT[row : row + len(part), : part_BT.shape[1]] = part_BT
        row += len(part)
    return logprobs_BT
