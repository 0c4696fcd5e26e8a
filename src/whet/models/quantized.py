"""Linear layers whose weights bitsandbytes keeps in four bits: what lies frozen under the adapters of QLoRA.

QLoRA, arXiv:2305.14314: 4-bit NormalFloat with double quantisation. Here is what reads such weights; what makes them is
`whet.models.quantize`.
"""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from torch import Tensor, nn


def is_packed(module: Any) -> bool:
    """Whether a module is a linear layer whose weight is in four bits."""
    from torch.nn import Linear

    return isinstance(module, Linear) and getattr(module.weight, "quant_state", None) is not None


def weight_of(module: Any) -> "Tensor":
    """W `[out, in]` of a linear layer, under an adapter or not: its own tensor, or unpacked from four bits."""
    layer = getattr(module, "base_layer", module)
    return _unpacked(layer) if is_packed(layer) else layer.weight.detach()


def _unpacked(layer: Any) -> "Tensor":
    from bitsandbytes.functional import dequantize_4bit

    weight: Tensor = dequantize_4bit(layer.weight.data, layer.weight.quant_state)
    return weight.to(layer.compute_dtype)


def packed_weights(model: "nn.Module") -> int:
    """How many weights a model keeps in four bits; its `parameters()` list their bytes."""
    layers: list[Any] = [module for module in model.modules() if is_packed(module)]
    return sum(layer.in_features * layer.out_features for layer in layers)
