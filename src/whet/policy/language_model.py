"""π_θ: computes log-probabilities of completions with any `AutoModelForCausalLM`."""

from collections.abc import Callable
from copy import copy
from functools import cached_property
from typing import Any, Protocol, TypeVar

import torch
from torch import Tensor

from whet.batch import Batch
from whet.chat_template import ChatTemplate
from whet.models.dimensions import Dimensions
from whet.models.sharding import is_sharded, shard, whole_copy
from whet.models.supported import is_fused
from whet.policy.activations import bytes_per_token
from whet.policy.forward import FORWARDS, WITH_ENTROPIES

Result = TypeVar("Result")


class Watched(Protocol):
    """Does work and returns its result, as `Processes.named_failure` does."""

    def __call__(self, work: Callable[[], Result], /) -> Result:
        """Does `work`."""
        ...


def _unwatched(work: Callable[[], Result], /) -> Result:
    return work()


class LanguageModel:
    """Plays `Policy` with a causal language model.

    `temperature` is that of sampling: log-probabilities are those of logits / temperature, so that learner and sampler
    have the same distribution.
    """

    def __init__(
        self, model: Any, tokenizer: Any, temperature: float = 1.0, source: str = "", weights: str = ""
    ) -> None:
        self.model = model.eval()  # no dropout: the learner must see the probabilities that were sampled from
        self.tokenizer = tokenizer
        self.temperature = temperature
        self.source = source
        """The source of the initial weights, for manifests."""
        self.weights = weights
        """A digest of the files that they were loaded from; empty where there are none."""
        self.watched: Watched = _unwatched
        """Does work in which the processes exchange weights, and says which one is gone where it fails."""
        self.fused = is_fused(model)
        """Whether the sampler uses the fused decoder, and the learner the packed forward."""

    def without_fast_paths(self) -> "LanguageModel":
        """Returns the same policy with the model's own forward in sampler and learner."""
        other = copy(self)
        other.fused = False
        return other

    def with_model(self, model: Any, temperature: float) -> "LanguageModel":
        """Returns the policy with another model or temperature, and the same tokenizer and paths."""
        other = copy(self)
        other.model, other.temperature = model.eval(), temperature
        return other

    @property
    def device(self) -> torch.device:
        """The device of the weights."""
        device: torch.device = next(self.model.parameters()).device
        return device

    @property
    def is_sharded(self) -> bool:
        """Whether the processes of the run divide its weights among themselves."""
        return is_sharded(self.model)

    def shard(self, mesh: Any, watched: "Watched | None" = None) -> None:
        """Divides its weights among the processes of a mesh, in place; `watched` does what exchanges them."""
        self.watched = watched or self.watched
        for lean in {self.fused, False}:
            bytes_per_token(self.model, lean)  # counted while a forward pass is this process's alone
        shard(self.model, mesh)

    def whole(self, keep: bool = True) -> "LanguageModel":
        """Returns the policy with whole weights: itself, or a copy on the CPU where processes divide them.

        There all of them call it together, and only where `keep` is set the copy is made; elsewhere it is itself.
        """
        copy = self.watched(lambda: whole_copy(self.model, keep)) if self.is_sharded else None
        return self if copy is None else self.with_model(copy, self.temperature)

    @property
    def context(self) -> int | None:
        """The context length in tokens, prompt and completion together; None for no limit."""
        return Dimensions.of(self.model.config).context

    def logprobs(self, batch: Batch) -> Tensor:
        """log π_θ(o_t | q, o_<t) as float32 `[B, T]`, zero where `scored_BT` is False, on the policy's device.

        The batch stays where it is, on the CPU: its lengths are read as numbers, for which a GPU would be waited for.
        """
        return self.watched(lambda: FORWARDS[self.fused](self.model, batch, self.temperature))

    def logprobs_and_entropies(self, batch: Batch) -> tuple[Tensor, Tensor]:
        """As `logprobs`, with the entropy of π_θ(· | q, o_<t) in nats, also `[B, T]`."""
        return self.watched(lambda: WITH_ENTROPIES[self.fused](self.model, batch, self.temperature))

    def trainable(self) -> list[torch.nn.Parameter]:
        """Returns the trainable weights: all of them, or the adapters."""
        return [weight for weight in self.model.parameters() if weight.requires_grad]

    def end_tokens(self) -> frozenset[int]:
        """Returns the ids of the tokens that end a response: by chat template, tokenizer and generation config."""
        configured = self.model.generation_config.eos_token_id if self.model.generation_config else None
        several = configured if isinstance(configured, list) else [configured]
        ends = (self._turn_end, self.tokenizer.eos_token_id, *several)
        return frozenset(token for token in ends if token is not None)

    @cached_property
    def _turn_end(self) -> int | None:
        return ChatTemplate(self.tokenizer).turn_end
