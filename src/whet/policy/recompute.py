"""Activation checkpointing (arXiv:1604.06174) of the learner, only where memory requires it.

Keeping activations is faster by a third: layers are recomputed in the backward only where their
activations exceed a share of the free memory.
"""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from functools import partial
from typing import Any

import torch
from torch.utils.checkpoint import checkpoint

from whet.policy.activations import bytes_per_token
from whet.policy.free_memory import free_bytes
from whet.policy.gated_mlp import lean_mlps

SHARE = 0.4
"""The share of free memory for activations: gradients, the head and the estimate's error need the rest."""

Inside = Callable[[], AbstractContextManager[None]]


@contextmanager
def within_memory(model: Any, tokens: int, again: Inside = nullcontext, lean: bool = False) -> Iterator[None]:
    """In the block, layers keep activations if they fit, else are recomputed in the backward, inside `again()`.

    `lean`: layers that keep their activations do so as `lean_mlps` does.
    """
    if not torch.is_grad_enabled():
        yield
        return
    weight = next(model.parameters())
    fits = tokens * bytes_per_token(model, lean) <= SHARE * free_bytes(weight.device)
    kept = lean_mlps(model) if lean else nullcontext()
    with kept if fits else recomputed(model, again):
        yield


@contextmanager
def recomputed(model: Any, again: Inside = nullcontext) -> Iterator[None]:
    """In the block each layer keeps only its input and is recomputed in the backward, inside `again()`."""
    from transformers.modeling_layers import GradientCheckpointingLayer

    layers = [layer for layer in model.modules() if isinstance(layer, GradientCheckpointingLayer)]
    once_more = partial(checkpoint, use_reentrant=False, context_fn=lambda: (nullcontext(), again()))
    for layer in layers:  # the layer's own flag: what it is made of stays in eval mode, without dropout
        layer.gradient_checkpointing, layer._gradient_checkpointing_func, layer.training = True, once_more, True
    try:
        yield
    finally:
        for layer in layers:
            layer.gradient_checkpointing, layer.training = False, False
