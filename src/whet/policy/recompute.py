"""Activation checkpointing (arXiv:1604.06174) of the learner, only where memory requires it.

Keeping activations is faster by a third: layers are recomputed in the backward only where their
activations exceed the room for them (`activation_room.py`), which micro-batches are sized by as well.
"""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from functools import partial
from typing import Any

import torch
from torch.utils.checkpoint import checkpoint

from whet.policy.activation_room import room
from whet.policy.activations import bytes_per_token
from whet.policy.compiled_layers import compiled_layers, is_compiled
from whet.policy.free_memory import free_bytes
from whet.policy.gated_mlp import lean_mlps

Inside = Callable[[], AbstractContextManager[None]]


@contextmanager
def within_memory(
    model: Any, tokens: int, again: Inside = nullcontext, lean: bool = False, besides: float = 0.0
) -> Iterator[None]:
    """In the block, layers keep activations if they fit, else are recomputed in the backward, inside `again()`.

    Layers that are compiled (`compile_layers`) run so either way. `lean`: others that keep their activations do so as
    `lean_mlps` does. `besides`: bytes that attention and the head take besides, kept or not.
    """
    if not torch.is_grad_enabled():
        yield
        return
    compiled = lean and is_compiled(model)
    fast = compiled_layers(model) if compiled else nullcontext()
    keeping = lean_mlps(model) if lean and not compiled else nullcontext()
    free = free_bytes(next(model.parameters()).device)
    fits = tokens * bytes_per_token(model, lean) <= room(free, besides)
    with fast, keeping if fits else recomputed(model, again):
        yield


@contextmanager
def recomputed(model: Any, again: Inside = nullcontext) -> Iterator[None]:
    """In the block each layer keeps only its input; its forward runs once more in the backward, inside `again()`."""
    from transformers.modeling_layers import GradientCheckpointingLayer

    layers = [layer for layer in model.modules() if isinstance(layer, GradientCheckpointingLayer)]
    before = [vars(layer).get("forward") for layer in layers]
    for layer in layers:  # in eval mode, without dropout: there is no random number to draw once more
        layer.forward = partial(
            checkpoint,
            layer.forward,
            use_reentrant=False,
            preserve_rng_state=False,
            context_fn=lambda: (nullcontext(), again()),
        )
    try:
        yield
    finally:
        for layer, forward in zip(layers, before, strict=True):
            del layer.forward
            if forward is not None:
                layer.forward = forward
