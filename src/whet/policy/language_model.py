"""π_θ: any `AutoModelForCausalLM`, asked for the log-probabilities of responses."""

from copy import copy
from typing import Any

import torch
from torch import Tensor

from whet.batch import Batch
from whet.models.supported import is_fused
from whet.policy.forward import FORWARDS, WITH_ENTROPIES


class LanguageModel:
    """A causal language model that plays the role of Policy.

    `temperature` is the one its responses are sampled at: log-probabilities are those of logits / temperature,
    so that learner and sampler speak of the same distribution.
    """

    def __init__(self, model: Any, tokenizer: Any, temperature: float = 1.0, source: str = "") -> None:
        self.model = model.eval()  # no dropout: the learner must see the probabilities that were sampled from
        self.tokenizer = tokenizer
        self.temperature = temperature
        self.source = source
        """Which weights it began as, for manifests."""
        self.fused = is_fused(model)
        """Whether sampler and learner take the fast paths."""

    def without_fast_paths(self) -> "LanguageModel":
        """The same policy through the model's own forward, in sampler and learner."""
        other = copy(self)
        other.fused = False
        return other

    def with_model(self, model: Any, temperature: float) -> "LanguageModel":
        """The same tokenizer and paths for another model, or at another temperature."""
        other = copy(self)
        other.model, other.temperature = model.eval(), temperature
        return other

    @property
    def device(self) -> torch.device:
        """Where the weights are."""
        device: torch.device = next(self.model.parameters()).device
        return device

    @property
    def context(self) -> int | None:
        """Tokens that it can read and write in all; None where there is no such limit."""
        limit: int | None = getattr(self.model.config, "max_position_embeddings", None)
        return limit

    def logprobs(self, batch: Batch) -> Tensor:
        """log π_θ(o_t | q, o_<t) as float32 `[B, T]`, zero where the batch's mask is False, on the batch's device."""
        return FORWARDS[self.fused](self.model, batch, self.temperature).to(batch.mask_BT.device)

    def logprobs_and_entropies(self, batch: Batch) -> tuple[Tensor, Tensor]:
        """The same, and the entropy of π_θ(· | q, o_<t) in nats, likewise `[B, T]`."""
        logprobs_BT, entropies_BT = WITH_ENTROPIES[self.fused](self.model, batch, self.temperature)
        return logprobs_BT.to(batch.mask_BT.device), entropies_BT.to(batch.mask_BT.device)

    def trainable(self) -> list[torch.nn.Parameter]:
        """The weights that learn: all of them, or the adapters."""
        return [weight for weight in self.model.parameters() if weight.requires_grad]

    def end_tokens(self) -> frozenset[int]:
        """The tokens that end a turn, from the tokenizer and the model's generation settings."""
        configured = self.model.generation_config.eos_token_id if self.model.generation_config else None
        several = configured if isinstance(configured, list) else [configured]
        return frozenset(token for token in (*several, self.tokenizer.eos_token_id) if token is not None)
