"""A model's weights by name, with adapters merged and 4-bit weights dequantised: for samplers, exports and the hub.

The only place that merges LoRA: W + (alpha / rank) B A (arXiv:2106.09685, §4.1).
"""

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from whet.models.quantized import is_packed, weight_of

if TYPE_CHECKING:
    from torch import Tensor

BASE = ".base_layer."
"""Part that peft adds to the name of a weight with an adapter."""

ADAPTER = ".lora_"
"""Part of the name of an adapter's weight."""


def base_model(model: Any) -> Any:
    """Returns the transformers model, without a peft wrapper."""
    return model.get_base_model() if hasattr(model, "peft_config") else model


def body(model: Any) -> Any:
    """Returns the decoder without the head: embeddings, layers and final norm."""
    return base_model(model).model


def head_weight(model: Any) -> "Tensor":
    """Returns the output head's matrix, `[V, hidden]`."""
    weight: Tensor = model.get_output_embeddings().weight
    return weight


def merged_weight(module: Any) -> "Tensor":
    """Returns W `[out, in]` of a linear layer plus its adapters' updates, unless they are disabled."""
    weight = weight_of(module)
    adapters = () if getattr(module, "disable_adapters", False) else getattr(module, "active_adapters", ())
    return sum((module.get_delta_weight(name).to(weight.dtype) for name in adapters), weight)


def merged_weights(model: Any) -> "Iterator[tuple[str, Tensor]]":
    """Yields name and tensor of every weight of the plain model that is equivalent to `model`.

    Names are those of the model without adapters, so that any loader accepts them. Tensors are new where merged or
    dequantised, else the model's own; `model` is unchanged, and need not have adapters.
    """
    base = base_model(model)
    changed = {f"{name}.weight": module for name, module in base.named_modules() if _is_changed(module)}
    # `name.weight.absmax`, `.quant_map` and so on: the quantisation state that bitsandbytes adds to the state dict
    notes = tuple(f"{name}." for name, module in changed.items() if is_packed(module))
    for name, tensor in base.state_dict().items():
        if ADAPTER in name or name.startswith(notes):
            continue
        plain = name.replace(BASE, ".")
        yield plain, merged_weight(changed[plain]) if plain in changed else tensor


def _is_changed(module: Any) -> bool:
    """Whether the module's weight has an adapter or is in four bits."""
    return hasattr(module, "get_delta_weight") or is_packed(module)
