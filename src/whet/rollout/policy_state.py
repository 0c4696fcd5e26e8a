"""A policy's weights as plain values, for other machines: one array of bytes, and what is needed to read it."""

import json
import warnings
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Self

import torch
from torch import Tensor

from whet.models.weights import base_model, merged_weights

ALIGNED = 64
"""Each weight begins at a multiple of so many bytes, so that it can be read in place."""


@dataclass(frozen=True, slots=True)
class Place:
    """Where a weight lies in the array."""

    name: str
    dtype: str
    shape: tuple[int, ...]
    start: int
    """In bytes. Tied weights have the same."""

    @property
    def end(self) -> int:
        """The byte after its last."""
        return self.start + torch.Size(self.shape).numel() * _dtype(self.dtype).itemsize


@dataclass(frozen=True, slots=True)
class PolicyState:
    """π_old: a model's configuration, its weights with adapters merged in, and how a response ends."""

    config: str
    """JSON of the transformers configuration."""
    dtype: str
    places: tuple[Place, ...]
    data: Any
    """uint8 `[bytes]`, a numpy array: Ray keeps it once on each machine, where every worker reads it without a copy."""
    end_tokens: frozenset[int]
    fused: bool
    """Whether the fused decoder samples."""

    @classmethod
    def of(cls, policy: Any) -> Self:
        """Copies the weights of a `LanguageModel` into one array on the CPU."""
        config = base_model(policy.model).config.to_dict()
        config.pop("quantization_config", None)  # the weights come dequantised
        weights = dict(merged_weights(policy.model))
        places = tuple(_placed(weights))
        data = torch.empty(max((place.end for place in places), default=0), dtype=torch.uint8).numpy()
        for place in places:
            _view(data, place).copy_(weights[place.name].detach())
        return cls(
            config=json.dumps(config, default=str),
            dtype=_name(policy.model.dtype),
            places=places,
            data=data,
            end_tokens=policy.end_tokens(),
            fused=policy.fused,
        )

    def model(self) -> Any:
        """Returns a transformers model of this configuration, whose weights mean nothing yet."""
        from transformers import AutoConfig, AutoModelForCausalLM

        tree = json.loads(self.config)
        config = AutoConfig.for_model(tree.pop("model_type"), **tree)
        model = AutoModelForCausalLM.from_config(config, dtype=_dtype(self.dtype))
        return model.eval().requires_grad_(False)

    def fill(self, model: Any) -> None:
        """Gives `model` the weights: on a CPU views of `data`, which must stay as it is, elsewhere copies."""
        device = next(model.parameters()).device
        held = dict(model.named_parameters(remove_duplicate=False)) | dict(model.named_buffers(remove_duplicate=False))
        for place in self.places:
            held[place.name].data = _view(self.data, place).to(device)


def _placed(weights: dict[str, Tensor]) -> Iterator[Place]:
    """A place for each weight, one after the other; tied weights share one."""
    known: dict[tuple[int, tuple[int, ...]], int] = {}
    end = 0
    for name, weight in weights.items():
        memory = weight.data_ptr(), tuple(weight.shape)
        start = known.setdefault(memory, end) if weight.numel() else end
        place = Place(name, _name(weight.dtype), tuple(weight.shape), start)
        end = max(end, -(-place.end // ALIGNED) * ALIGNED)
        yield place


def _view(data: Any, place: Place) -> Tensor:
    """The weight at a place, over the array's own memory."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # torch warns of arrays that are read-only, and this one is only read
        flat = torch.from_numpy(data[place.start : place.end])
    return flat.view(_dtype(place.dtype)).view(place.shape)


def _name(dtype: torch.dtype) -> str:
    return str(dtype).removeprefix("torch.")


def _dtype(name: str) -> torch.dtype:
    found: torch.dtype = getattr(torch, name)
    return found
