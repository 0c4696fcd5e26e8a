"""Counts the bytes of activations that a model keeps for its backward, per token, by a forward pass of a few tokens."""

from contextlib import nullcontext
from typing import Any
from weakref import WeakKeyDictionary

import torch
from torch import Tensor

from whet.models.weights import base_model
from whet.policy.gated_mlp import lean_mlps

SHORT, LONG = 16, 48
"""Tokens of the two passes: what grows between them is what a token needs."""

_COUNTED: "WeakKeyDictionary[Any, dict[bool, float]]" = WeakKeyDictionary()


def bytes_per_token(model: Any, lean: bool) -> float:
    """Returns the bytes that the layers of `model` keep for each token, without the head and the attention weights.

    `lean`: with the MLPs of `lean_mlps`. Counted once per model; no weight, gradient or random number is touched.
    """
    counted = _COUNTED.setdefault(model, {})
    if lean not in counted:
        counted[lean] = (_kept(model, LONG, lean) - _kept(model, SHORT, lean)) / (LONG - SHORT)
    return counted[lean]


def _kept(model: Any, tokens: int, lean: bool) -> int:
    """Bytes that autograd keeps after a forward pass of the body on one row of `tokens` tokens, weights apart."""
    body = base_model(model).base_model
    own = {weight.untyped_storage().data_ptr() for weight in model.parameters()}
    sizes: dict[int, tuple[int, Tensor]] = {}  # with the tensor, so that its address is not given to another one

    def count(kept: Tensor) -> Tensor:
        storage = kept.untyped_storage()
        if storage.data_ptr() not in own:
            sizes[storage.data_ptr()] = storage.nbytes(), kept
        return kept

    device = next(model.parameters()).device
    hooks = torch.autograd.graph.saved_tensors_hooks(count, lambda kept: kept)
    with torch.enable_grad(), hooks, lean_mlps(model) if lean else nullcontext():
        body(input_ids=torch.zeros(1, tokens, dtype=torch.long, device=device), use_cache=False)
    return sum(size for size, _ in sizes.values())
