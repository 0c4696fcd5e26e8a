"""Sampling through a model's own forward, for architectures that the fused decoder does not support."""

import inspect
from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor

from whet.models.weights import base_model


class TransformersEngine:
    """Plays `Engine` with transformers' forward and KV cache; prompts are padded on the left."""

    eos_check_interval = 1
    compaction_threshold = 0.8
    cache: Any
    """transformers' KV cache of all rows."""

    def __init__(self, model: Any) -> None:
        self.model = model
        takes = inspect.signature(base_model(model).forward).parameters
        self.cache_name = "cache" if "cache" in takes else "past_key_values"  # renamed in transformers 5.24

    @torch.no_grad()
    def start(self, prompts: Sequence[Sequence[int]], rows_per_prompt: int, longest_response: int) -> Tensor:
        """Prefills the prompts; returns the logits of each row's first token, `[R, V]`."""
        device = next(self.model.parameters()).device
        width = max(len(prompt) for prompt in prompts)
        tokens_QL = torch.zeros(len(prompts), width, dtype=torch.long, device=device)
        self.mask_RL = torch.zeros_like(tokens_QL)
        for row, prompt in enumerate(prompts):
            tokens_QL[row, width - len(prompt) :] = torch.tensor(prompt)
            self.mask_RL[row, width - len(prompt) :] = 1
        self.cache = None
        logits_QV = self._forward(tokens_QL, (self.mask_RL.cumsum(-1) - 1).clamp(min=0))
        self.cache.batch_repeat_interleave(rows_per_prompt)
        self.mask_RL = self.mask_RL.repeat_interleave(rows_per_prompt, 0)
        return logits_QV.repeat_interleave(rows_per_prompt, 0)

    @torch.no_grad()
    def advance(self, tokens_R: Tensor) -> Tensor:
        """Appends one token to each row; returns the logits of the next, `[R, V]`."""
        self.mask_RL = torch.cat([self.mask_RL, torch.ones_like(tokens_R)[:, None]], -1)
        return self._forward(tokens_R[:, None], self.mask_RL.sum(-1, keepdim=True) - 1)

    def keep(self, rows: Tensor) -> None:
        """Drops all rows but these."""
        self.cache.batch_select_indices(rows)
        self.mask_RL = self.mask_RL[rows]

    def _forward(self, tokens: Tensor, positions: Tensor) -> Tensor:
        out = self.model(
            input_ids=tokens,
            attention_mask=self.mask_RL,
            position_ids=positions,
            use_cache=True,
            logits_to_keep=1,
            **{self.cache_name: self.cache},
        )
        self.cache = out.past_key_values
        logits_RV: Tensor = out.logits[:, -1]
        return logits_RV
