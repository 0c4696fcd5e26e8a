"""Activation checkpointing (arXiv:1604.06174) of the learner, only where memory requires it.

Keeping activations is faster by a third: layers are recomputed in the backward only where an estimate of their
activations exceeds a share of the free memory.
"""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from functools import partial
from typing import Any

import torch
from torch.utils.checkpoint import checkpoint

from whet.models.dimensions import Dimensions

SHARE = 0.4
"""The share of free memory for activations: gradients, the head and the estimate's error need the rest."""

FLOAT32 = 4
"""Bytes: RMS norms keep their input in float32."""

Inside = Callable[[], AbstractContextManager[None]]


def kept_bytes(config: Any, tokens: int, element: int) -> int:
    """Estimates, within a factor of two, the bytes of activations that all layers keep for `tokens` tokens.

    `element` is the bytes of a number. For each layer and token: the inputs of two norms (in float32) and of the
    products that follow; queries, keys, values and the attention's output; gate, its activation, up, and their product.
    Attention weights come on top, at most `whet.policy.shared_prefix.KEPT` a layer.
    """
    size = Dimensions.of(config)
    attention = (2 * size.heads + 2 * size.kv_heads) * size.head_size
    numbers = 4 * size.hidden + attention + 4 * size.inner
    return size.layers * tokens * (element * numbers + 2 * FLOAT32 * size.hidden)


def free_bytes(device: torch.device) -> int:
    """Returns the bytes of memory that are free on a device, PyTorch's unused cache included."""
    if device.type == "cuda":
        unused = torch.cuda.memory_reserved(device) - torch.cuda.memory_allocated(device)
        return torch.cuda.mem_get_info(device)[0] + unused
    import psutil

    return int(psutil.virtual_memory().available)


@contextmanager
def within_memory(model: Any, tokens: int, again: Inside = nullcontext) -> Iterator[None]:
    """In the block, layers keep activations if they fit, else are recomputed in the backward, inside `again()`."""
    weight = next(model.parameters())
    needed = kept_bytes(model.config, tokens, weight.element_size()) if torch.is_grad_enabled() else 0
    with nullcontext() if needed <= SHARE * free_bytes(weight.device) else recomputed(model, again):
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
