"""What a sampling worker of a Ray cluster does, and the one object that carries a policy's weights to all of them.

Nothing here imports Ray: a worker is an object with two methods, wherever it lives.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Self

import torch
from torch import Tensor

from whet.models.weights import base_model, merged_weights
from whet.rollout.native import NativeSampler
from whet.types import Completion, Request, SamplingParams


@dataclass(frozen=True)
class PolicyState:
    """π_old as plain values: the model's configuration, and its weights, adapters merged in, as one array of bytes.

    One array is stored once on each node of a cluster, and read there without a copy.
    """

    config: str
    """JSON of the transformers configuration."""
    dtype: str
    names: tuple[str, ...]
    shapes: tuple[tuple[int, ...], ...]
    data: Any
    """uint8 `[bytes]`, a numpy array."""
    end_tokens: frozenset[int]
    fused: bool

    @classmethod
    def of(cls, policy: Any) -> Self:
        """Copies the weights of a `LanguageModel` to the CPU."""
        base, weights = base_model(policy.model), dict(merged_weights(policy.model))
        config = base.config.to_dict()
        config.pop("quantization_config", None)
        dtype = policy.model.dtype
        flat = [weight.detach().to("cpu", dtype).contiguous().view(-1).view(torch.uint8) for weight in weights.values()]
        return cls(
            config=json.dumps(config, default=str),
            dtype=str(dtype).removeprefix("torch."),
            names=tuple(weights),
            shapes=tuple(tuple(weight.shape) for weight in weights.values()),
            data=torch.cat(flat).numpy(),
            end_tokens=policy.end_tokens(),
            fused=policy.fused,
        )

    def model(self) -> Any:
        """Returns a transformers model of this configuration, its weights without values."""
        from transformers import AutoConfig, AutoModelForCausalLM

        tree = json.loads(self.config)
        config = AutoConfig.for_model(tree.pop("model_type"), **tree)
        return AutoModelForCausalLM.from_config(config, dtype=getattr(torch, self.dtype)).eval()

    def weights(self) -> dict[str, Tensor]:
        """Returns the weights by name, as views of `data`, which may be read-only."""
        dtype, found, begin = getattr(torch, self.dtype), {}, 0
        every = torch.from_numpy(self.data) if self.data.flags.writeable else _read_only(self.data)
        for name, shape in zip(self.names, self.shapes, strict=True):
            end = begin + torch.Size(shape).numel() * dtype.itemsize
            found[name] = every[begin:end].view(dtype).view(shape)
            begin = end
        return found


def _read_only(data: Any) -> Tensor:
    """A tensor over memory that is only read: torch warns that it could be written."""
    import warnings

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return torch.from_numpy(data)


@dataclass(frozen=True, slots=True)
class HeldPolicy:
    """What the native sampler asks of a policy."""

    model: Any
    ends: frozenset[int]
    fused: bool

    def end_tokens(self) -> frozenset[int]:
        """Returns the ids of the tokens that end a response."""
        return self.ends


class SamplingWorker:
    """Samples with the native engine; takes weights where they are newer than its own."""

    def __init__(self, threads: int = 1) -> None:
        torch.set_num_threads(threads)
        self.device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
        self.sampler, self.version = NativeSampler(), 0
        self.model: Any = None

    def ready(self) -> int:
        """Returns the version of the weights that it holds; 0 before the first."""
        return self.version

    def sample(
        self, version: int, state: PolicyState, requests: Sequence[Request], params: SamplingParams
    ) -> list[list[Completion]]:
        """Returns for each request one completion per key, in order, drawn with the weights of `version`."""
        if version != self.version:
            self._take(state)
            self.version = version
        return self.sampler.generate(requests, params)

    def _take(self, state: PolicyState) -> None:
        if self.model is None:
            self.model = state.model().to(self.device)
        self.model.load_state_dict(state.weights())
        self.sampler.load(HeldPolicy(self.model, state.end_tokens, state.fused))
