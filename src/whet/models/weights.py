"""A model's weights by name, with adapters merged in and four bits unpacked: for samplers, exports and the hub.

The one place that merges LoRA: W + (alpha / rank) B A (arXiv:2106.09685, §4.1).
"""

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from whet.models.quantized import is_packed, weight_of

if TYPE_CHECKING:
    from torch import Tensor

BASE = ".base_layer."
"""What peft puts into the name of a weight under an adapter."""

ADAPTER = ".lora_"
"""What the name of an adapter's weight has in it."""


def base_model(model: Any) -> Any:
    """The transformers model, inside a peft wrapper or not."""
    return model.get_base_model() if hasattr(model, "peft_config") else model


def body(model: Any) -> Any:
    """The decoder under the head: embeddings, layers and the last norm."""
    return base_model(model).model


def head_weight(model: Any) -> "Tensor":
    """The output head's matrix, `[V, hidden]`."""
    weight: Tensor = model.get_output_embeddings().weight
    return weight


def merged_weight(module: Any) -> "Tensor":
    """W `[out, in]` of a linear layer with its adapters' updates added, unless they are switched off."""
    weight = weight_of(module)
    adapters = () if getattr(module, "disable_adapters", False) else getattr(module, "active_adapters", ())
    return sum((module.get_delta_weight(name).to(weight.dtype) for name in adapters), weight)


def merged_weights(model: Any) -> "Iterator[tuple[str, Tensor]]":
    """Name and tensor of every weight of the plain model that equals `model`, one at a time.

    Names are those of the model without adapters, so that any loader takes them. Tensors are fresh where something was
    merged or unpacked, the model's own elsewhere; `model` stays as it is, and need not have adapters at all.
    """
    base = base_model(model)
    changed = {f"{name}.weight": module for name, module in base.named_modules() if _is_changed(module)}
    notes = tuple(f"{name}." for name, module in changed.items() if is_packed(module))  # how codes are to be read
    for name, tensor in base.state_dict().items():
        if ADAPTER in name or name.startswith(notes):
            continue
        plain = name.replace(BASE, ".")
        yield plain, merged_weight(changed[plain]) if plain in changed else tensor


def _is_changed(module: Any) -> bool:
    """Whether the module's weight is not simply a tensor of the plain model."""
    return hasattr(module, "get_delta_weight") or is_packed(module)
