"""Linear maps of a frozen copy of the weights: on a CPU they are packed once for the matrix units.

oneDNN reorders a weight matrix on every call unless it is handed one that was reordered before; for the few
rows of a decoding step that costs more than the product itself.
"""

from collections.abc import Callable

import torch
from torch import Tensor
from torch.nn.functional import linear

Linear = Callable[[Tensor], Tensor]


def frozen_linear(weight: Tensor, bias: Tensor | None = None) -> Linear:
    """x ↦ x · weightᵀ + bias, for x `[R, in]` and a weight `[out, in]` that will not change."""
    return _packed(weight, bias) if _can_pack(weight) else lambda x: linear(x, weight, bias)


def _can_pack(weight: Tensor) -> bool:
    return weight.device.type == "cpu" and weight.dtype == torch.bfloat16 and torch.backends.mkldnn.is_available()


def _packed(weight: Tensor, bias: Tensor | None) -> Linear:
    packed = torch.ops.mkldnn._reorder_linear_weight(weight.contiguous(), None)
    product = torch.ops.mkldnn._linear_pointwise
    return lambda x: product(x, packed, bias, "none", [], "")
