"""Linear layers with frozen weights, packed once for the matrix units of a CPU.

oneDNN reorders a weight matrix on every call unless it is reordered already; for the few rows of a decoding step that
costs more than the product itself.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn.functional import linear

Linear = Callable[[Tensor], Tensor]


@dataclass(frozen=True, slots=True)
class Plain:
    """x ↦ x · weightᵀ + bias, by PyTorch's own product."""

    weight: Tensor
    """`[out, in]`."""
    bias: Tensor | None

    def __call__(self, x: Tensor) -> Tensor:
        return linear(x, self.weight, self.bias)


@dataclass(frozen=True, slots=True)
class Packed:
    """x ↦ x · weightᵀ + bias, by oneDNN's product with a reordered matrix."""

    weight: Tensor
    """Opaque, as oneDNN keeps it."""
    bias: Tensor | None

    def __call__(self, x: Tensor) -> Tensor:
        product: Tensor = torch.ops.mkldnn._linear_pointwise.default(x, self.weight, self.bias, "none", [], "")
        return product


def frozen_linear(weights: Sequence[Tensor], bias: Tensor | None = None) -> Linear:
    """Returns x ↦ x · weightᵀ + bias for x `[R, in]`.

    The weight `[out, in]` is a copy: all of `weights`, concatenated along `out`.
    """
    first, *others = weights
    if _can_pack(first):
        whole = torch.cat(list(weights)) if others else first
        return Packed(torch.ops.mkldnn._reorder_linear_weight(whole.contiguous(), None), bias)
    return Plain(torch.cat(list(weights)), bias)


def shared_linear(weight: Tensor) -> Linear:
    """Returns x ↦ x · weightᵀ that shares a frozen `weight` `[out, in]` where it need not be packed."""
    return frozen_linear([weight]) if _can_pack(weight) else Plain(weight, None)


def _can_pack(weight: Tensor) -> bool:
    """Whether oneDNN can pack such a matrix: bfloat16, on a CPU with AVX-512 or AMX units for it."""
    if weight.device.type != "cpu" or weight.dtype != torch.bfloat16:
        return False
    return torch.backends.mkldnn.is_available() and bool(torch.ops.mkldnn._is_mkldnn_bf16_supported())
