"""What the learner's forward pass keeps for its backward, and how to do without where memory does not suffice.

Keeping is faster by a third: layers are computed again in the backward (arXiv:1604.06174) only where what they would
keep does not fit into the memory that is free.
"""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from functools import partial
from typing import Any

import torch
from torch.utils.checkpoint import checkpoint

SHARE = 0.4
"""Of the free memory that activations may take: gradients, the head and the estimate's own error need the rest."""

FLOAT32 = 4
"""Bytes: RMS norms keep their input in float32."""

Inside = Callable[[], AbstractContextManager[None]]


def kept_bytes(config: Any, tokens: int, element: int) -> int:
    """An estimate, within a factor of two, of what all layers keep for so many tokens of `element` bytes a number.

    For each layer and token: the inputs of two norms (in float32) and of the products that follow; queries, keys,
    values and what attention made of them; gate, its activation, up, and their product. The weights of the attention
    come on top, at most `whet.policy.shared_prefix.KEPT` a layer.
    """
    hidden, inner = config.hidden_size, config.intermediate_size
    heads, kv_heads = config.num_attention_heads, getattr(config, "num_key_value_heads", None)
    size = getattr(config, "head_dim", None) or hidden // heads
    attention = (2 * heads + 2 * (kv_heads or heads)) * size
    numbers = 4 * hidden + attention + 4 * inner
    return int(config.num_hidden_layers * tokens * (element * numbers + 2 * FLOAT32 * hidden))


def free_bytes(device: torch.device) -> int:
    """Memory that a program may still take."""
    if device.type == "cuda":
        unused = torch.cuda.memory_reserved(device) - torch.cuda.memory_allocated(device)
        return torch.cuda.mem_get_info(device)[0] + unused
    import psutil

    return int(psutil.virtual_memory().available)


@contextmanager
def within_memory(model: Any, tokens: int, again: Inside = nullcontext) -> Iterator[None]:
    """Inside, layers keep what their backward needs if it fits, else they are computed again, inside `again()`."""
    weight = next(model.parameters())
    config = model.config.get_text_config()
    needed = kept_bytes(config, tokens, weight.element_size()) if torch.is_grad_enabled() else 0
    with nullcontext() if needed <= SHARE * free_bytes(weight.device) else recomputed(model, again):
        yield


@contextmanager
def recomputed(model: Any, again: Inside = nullcontext) -> Iterator[None]:
    """Inside, each layer keeps its input only."""
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
