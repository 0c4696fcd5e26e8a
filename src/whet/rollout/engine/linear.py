"""Linear layers with frozen weights, packed once for the matrix units of a CPU.

oneDNN reorders a weight matrix on every call unless it is reordered already; for the few rows of a decoding step that
costs more than the product itself.
"""

from collections.abc import Callable, Sequence

import torch
from torch import Tensor
from torch.nn.functional import linear

Linear = Callable[[Tensor], Tensor]


def frozen_linear(weights: Sequence[Tensor], bias: Tensor | None = None) -> Linear:
    """Returns x ↦ x · weightᵀ + bias for x `[R, in]`.

    The weight `[out, in]` is a copy: all of `weights`, concatenated along `out`.
    """
    first, *others = weights
    if _can_pack(first):
        return _packed(torch.cat(list(weights)) if others else first, bias)
    whole = torch.cat(list(weights))
    return lambda x: linear(x, whole, bias)


def _can_pack(weight: Tensor) -> bool:
    """Whether oneDNN can pack such a matrix: bfloat16, on a CPU with AVX-512 or AMX units for it."""
    if weight.device.type != "cpu" or weight.dtype != torch.bfloat16:
        return False
    return torch.backends.mkldnn.is_available() and bool(torch.ops.mkldnn._is_mkldnn_bf16_supported())


def _packed(weight: Tensor, bias: Tensor | None) -> Linear:
    packed = torch.ops.mkldnn._reorder_linear_weight(weight.contiguous(), None)
    product = torch.ops.mkldnn._linear_pointwise.default
    return lambda x: product(x, packed, bias, "none", [], "")
