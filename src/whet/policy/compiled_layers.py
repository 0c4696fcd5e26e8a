"""The learner's layers through torch.compile: their many small kernels become a few.

Norms, rotations and the gated MLP of a layer are some thirty elementwise kernels that each read and write the whole
activations. Compiled, a layer is its matrix products, its attention and a few fused kernels. All layers share one
graph. What a fused kernel can compute again is not kept for the backward, so `lean_mlps` is not needed.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any
from weakref import WeakKeyDictionary

import torch

from whet.models.weights import body

_COMPILED: "WeakKeyDictionary[Any, list[Callable[..., Any]]]" = WeakKeyDictionary()


def compile_layers(model: Any, backend: str = "inductor") -> None:
    """Has the layers of a model compiled when the learner next runs them: once, for any lengths.

    Compiled for the lengths at hand and then, as others come, for any, they would cost two or three compilations.
    """
    layers = body(model).layers
    _COMPILED[model] = [
        torch.compile(type(layer).forward.__get__(layer), fullgraph=True, dynamic=True, backend=backend)
        for layer in layers
    ]


def leave_uncompiled(model: Any) -> None:
    """Has the layers of a model run as they are again."""
    _COMPILED.pop(model, None)


def is_compiled(model: Any) -> bool:
    """Whether `compile_layers` was called for the model."""
    return model in _COMPILED


@contextmanager
def compiled_layers(model: Any) -> Iterator[None]:
    """In the block the layers of a model run compiled, where they are; a copy of the model has layers of its own."""
    layers = body(model).layers if is_compiled(model) else []
    for layer, forward in zip(layers, _COMPILED.get(model, []), strict=True):
        layer.forward = forward
    try:
        yield
    finally:
        for layer in layers:
            del layer.forward
