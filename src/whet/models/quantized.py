"""Reads the weights of linear layers that bitsandbytes keeps in four bits, the frozen base of QLoRA's adapters.

QLoRA, arXiv:2305.14314: 4-bit NormalFloat with double quantisation. `whet.models.quantize` makes such layers.
"""

from typing import TYPE_CHECKING, Any

from whet.models.divided_rows import whole_tensor

if TYPE_CHECKING:
    from torch import Tensor, nn


def is_packed(module: Any) -> bool:
    """Whether a module is a linear layer with a 4-bit weight."""
    from torch.nn import Linear

    return isinstance(module, Linear) and getattr(module.weight, "quant_state", None) is not None


def weight_of(module: Any) -> "Tensor":
    """Returns the weight of a layer without its adapters: its own tensor, or a new one, dequantised from four bits or
    gathered from processes that divide it.

    `[out, in]` of a linear layer; of a layer of experts, the parameter that peft's module around it adapts.
    """
    layer = plain_layer(module)
    name = getattr(module, "parameter_name", None) or "weight"
    return _unpacked(layer) if is_packed(layer) else whole_tensor(getattr(layer, name).detach())


def plain_layer(module: Any) -> Any:
    """Returns the layer inside a module with adapters, or the module itself."""
    return module.get_base_layer() if hasattr(module, "get_base_layer") else module


def _unpacked(layer: Any) -> "Tensor":
    from bitsandbytes.functional import dequantize_4bit

    weight: Tensor = dequantize_4bit(layer.weight.data, layer.weight.quant_state)
    return weight.to(layer.compute_dtype)


def packed_weights(model: "nn.Module") -> int:
    """Counts the weights that a model keeps in four bits; its `parameters()` hold their packed bytes."""
    layers: list[Any] = [module for module in model.modules() if is_packed(module)]
    return sum(layer.in_features * layer.out_features for layer in layers)
