"""A gated MLP, down(act(gate(x)) · up(x)), that keeps two tensors for its backward in place of four.

Autograd keeps gate, act(gate), up and their product. act(gate) and the product follow from gate and up, elementwise, so
they are computed again in the backward: the same numbers from half of the memory of the layer's widest tensors.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from typing import Any

import torch
from torch import Tensor

from whet.models.weights import body

Activation = Callable[[Tensor], Tensor]


@contextmanager
def lean_mlps(model: Any) -> Iterator[None]:
    """In the block the gated MLPs of the model's layers keep gate and up only; values and gradients do not change."""
    found = [layer.mlp for layer in body(model).layers if is_gated(layer.mlp)]
    for mlp in found:
        mlp.forward = partial(lean_forward, mlp)
    try:
        yield
    finally:
        for mlp in found:
            del mlp.forward


def is_gated(mlp: Any) -> bool:
    """Whether a module is made of the parts of a gated MLP: Llama's, Qwen's and Gemma's are."""
    return all(hasattr(mlp, name) for name in ("gate_proj", "up_proj", "down_proj", "act_fn"))


def lean_forward(mlp: Any, x: Tensor) -> Tensor:
    """What the module's own forward computes."""
    gate, up = mlp.gate_proj(x), mlp.up_proj(x)
    product: Tensor = _GatedProduct.apply(gate, up, mlp.act_fn)  # type: ignore[no-untyped-call]
    with _computed_again(product, gate.detach(), up.detach(), mlp.act_fn):
        down: Tensor = mlp.down_proj(product)
    return down


class _GatedProduct(torch.autograd.Function):
    """act(gate) · up, from gate and up alone in the backward."""

    @staticmethod
    def forward(ctx: Any, gate: Tensor, up: Tensor, activation: Activation) -> Tensor:
        ctx.save_for_backward(gate, up)
        ctx.activation = activation
        return activation(gate) * up

    @staticmethod
    def backward(ctx: Any, *upstream: Tensor) -> tuple[Tensor, Tensor, None]:
        gate, up = ctx.saved_tensors
        with torch.enable_grad():
            source = gate.detach().requires_grad_()
            activated = ctx.activation(source)
        (by_gate,) = torch.autograd.grad(activated, source, upstream[0] * up)
        return by_gate, upstream[0] * activated.detach(), None


@contextmanager
def _computed_again(product: Tensor, gate: Tensor, up: Tensor, activation: Activation) -> Iterator[None]:
    """In the block autograd keeps `product`, or a view of all of it, by its shape alone."""
    where, size = product.data_ptr(), product.numel()

    def pack(kept: Tensor) -> Tensor | torch.Size:
        return kept.shape if kept.data_ptr() == where and kept.numel() == size and kept.is_contiguous() else kept

    def unpack(kept: Tensor | torch.Size) -> Tensor:
        return kept if isinstance(kept, Tensor) else (activation(gate) * up).view(kept)

    with torch.autograd.graph.saved_tensors_hooks(pack, unpack):
        yield
