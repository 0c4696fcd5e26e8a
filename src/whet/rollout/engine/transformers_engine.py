"""Sampling through a model's own forward, for architectures that the fused decoder does not support."""

import inspect
from collections.abc import Sequence
from contextlib import AbstractContextManager
from typing import Any

import torch
from torch import Tensor

from whet.models.weights import base_model
from whet.rollout.burst import EagerEngine

NO_CACHE = "its forward keeps no cache from one token to the next"


class TransformersEngine(EagerEngine):
    """Plays `Engine` with transformers' forward and cache; prompts are padded on the left.

    The cache holds keys and values, or the states of linear attention, convolutions and state-space layers. Raises
    `ValueError` for a model without a cache.
    """

    cache: Any = None
    """transformers' cache of all rows."""

    def __init__(self, model: Any) -> None:
        self.model = model
        super().__init__()
        self.takes = frozenset(inspect.signature(base_model(model).forward).parameters)
        # renamed in transformers 5.24
        self.cache_name = next((name for name in ("cache", "past_key_values") if name in self.takes), "")
        if not self.cache_name:
            raise ValueError(NO_CACHE)

    @property
    def device(self) -> torch.device:
        """Where it samples."""
        device: torch.device = next(self.model.parameters()).device
        return device

    def no_gradient(self) -> AbstractContextManager[object]:
        """Not inference mode: a family's own code may need version counters."""
        return torch.no_grad()

    @torch.no_grad()
    def start(self, prompts: Sequence[Sequence[int]], rows_per_prompt: int, longest_response: int) -> Tensor:
        """Prefills the prompts; returns the logits of each row's first token, `[R, V]`."""
        device = self.device
        width = max(len(prompt) for prompt in prompts)
        tokens_QL = torch.zeros(len(prompts), width, dtype=torch.long, device=device)
        self.mask_RL = torch.zeros_like(tokens_QL)
        for row, prompt in enumerate(prompts):
            tokens_QL[row, width - len(prompt) :] = torch.tensor(prompt)
            self.mask_RL[row, width - len(prompt) :] = 1
        self.cache = None
        logits_QV = self._forward(tokens_QL, (self.mask_RL.cumsum(-1) - 1).clamp(min=0))
        self.keep([prompt for prompt in range(len(prompts)) for _ in range(rows_per_prompt)])
        return logits_QV.repeat_interleave(rows_per_prompt, 0)

    @torch.no_grad()
    def advance(self, tokens_R: Tensor) -> Tensor:
        """Appends one token to each row; returns the logits of the next, `[R, V]`."""
        self.mask_RL = torch.cat([self.mask_RL, torch.ones_like(tokens_R)[:, None]], -1)
        return self._forward(tokens_R[:, None], self.mask_RL.sum(-1, keepdim=True) - 1)

    def keep(self, rows: Sequence[int]) -> None:
        """Drops all rows but these; one that is named several times is copied."""
        kept = torch.tensor(rows, device=self.device)
        # selects rows of states too, which `batch_select_indices` does not know
        self.cache.reorder_cache(kept)
        self.mask_RL = self.mask_RL[kept]

    def forget(self) -> None:
        """Frees the cache."""
        self.cache = None

    def _forward(self, tokens: Tensor, positions: Tensor) -> Tensor:
        some = {"position_ids": positions, "logits_to_keep": 1, "use_cache": True}
        taken = {name: value for name, value in some.items() if name in self.takes}
        given = {**taken, self.cache_name: self.cache}
        out = self.model(input_ids=tokens, attention_mask=self.mask_RL, **given)
        self.cache = out.past_key_values
        if self.cache is None:
            raise ValueError(NO_CACHE)
        logits_RV: Tensor = out.logits[:, -1]
        return logits_RV
