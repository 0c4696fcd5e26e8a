"""Counts the bytes of activations that a model keeps for its backward, per token, by a forward pass of a few tokens."""

from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from typing import Any
from weakref import WeakKeyDictionary

import torch
from torch import Tensor

from whet.models.weights import base_model
from whet.policy.gated_mlp import lean_mlps
from whet.policy.replaced_attention import replaced_attention

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
    """Bytes that autograd keeps after a forward pass of the body on one row of `tokens` tokens, weights apart.

    The layers of the fast paths attend by `_kept_only`: what attention itself needs depends on the layout.
    """
    body = base_model(model).base_model
    own = {weight.untyped_storage()._cdata for weight in model.parameters()}
    # by storage, since a meta tensor has no address; with the tensor, so that no other storage takes its place
    sizes: dict[int, tuple[int, Tensor]] = {}

    def count(kept: Tensor) -> Tensor:
        storage = kept.untyped_storage()
        if storage._cdata not in own:
            sizes[storage._cdata] = storage.nbytes(), kept
        return kept

    device = next(model.parameters()).device
    hooks = torch.autograd.graph.saved_tensors_hooks(count, lambda kept: kept)
    with torch.enable_grad(), hooks, _as_packed(model) if lean else nullcontext():
        body(input_ids=torch.zeros(1, tokens, dtype=torch.long, device=device), use_cache=False)
    return sum(size for size, _ in sizes.values())


@contextmanager
def _as_packed(model: Any) -> Iterator[None]:
    """In the block the model keeps what the packed forward keeps, but for attention weights."""
    with lean_mlps(model), replaced_attention(model, "whet_kept_only", _kept_only):
        yield


def _kept_only(
    module: Any, query: Tensor, key: Tensor, value: Tensor, attention_mask: Any, **others: Any
) -> tuple[Tensor, None]:
    """Keeps what every exact attention keeps, queries, keys and values; computes nothing, on any device."""
    out: Tensor = _KeptOnly.apply(query, key, value)  # type: ignore[no-untyped-call]
    return out.transpose(1, 2), None


class _KeptOnly(torch.autograd.Function):
    """Without a backward."""

    @staticmethod
    def forward(ctx: Any, query: Tensor, key: Tensor, value: Tensor) -> Tensor:
        ctx.save_for_backward(query, key, value)
        return torch.zeros_like(query)
