"""Replaces the attention of a transformers model within a block (`AttentionInterface`)."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any


@contextmanager
def replaced_attention(model: Any, name: str, function: Callable[..., Any]) -> Iterator[None]:
    """In the block the model's layers attend by `function`, registered as `name`, and no masks are made.

    `function` takes what transformers' attention functions take: module, query `[1, H, N, D]`, key, value, mask, and
    the keyword arguments of the model's forward; it returns the output `[1, N, H, D]` and None.
    """
    from transformers import AttentionInterface

    AttentionInterface.register(name, function)
    before = model.config._attn_implementation
    model.config._attn_implementation = name
    try:
        yield
    finally:
        model.config._attn_implementation = before
