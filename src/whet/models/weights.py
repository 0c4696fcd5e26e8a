"""A model's weights by name, with adapters merged and 4-bit weights dequantised: for samplers, exports and the hub.

The only place that merges LoRA: W + (alpha / rank) B A (arXiv:2106.09685, §4.1).
"""

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from whet.errors import UserError
from whet.models.divided_rows import whole_tensor
from whet.models.quantized import is_packed, plain_layer, weight_of

if TYPE_CHECKING:
    from torch import Tensor

BASE = "base_layer"
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
    """Returns W of a linear layer `[out, in]`, or of a layer of experts, plus its adapters' updates unless disabled."""
    weight = weight_of(module)
    adapters = () if getattr(module, "disable_adapters", False) else getattr(module, "active_adapters", ())
    return sum((module.get_delta_weight(name).to(weight.dtype) for name in adapters), weight)


def merged_weights(model: Any) -> "Iterator[tuple[str, Tensor]]":
    """Yields name and tensor of every weight of the plain model that is equivalent to `model`.

    Names are those of the model without adapters, so that any loader accepts them. Tensors are new where merged or
    dequantised, or gathered from processes that divide them, who all iterate together; else the model's own. `model` is
    unchanged, and need not have adapters.
    """
    base = base_model(model)
    changed = _changed(base)
    # `name.weight.absmax`, `.quant_map` and so on: the quantisation state that bitsandbytes adds to the state dict
    notes = tuple(f"{name}." for name, module in changed.items() if is_packed(plain_layer(module)))
    for name, tensor in base.state_dict().items():
        plain = plain_name(name)
        if ADAPTER in name or plain.startswith(notes):
            continue
        yield plain, merged_weight(changed[plain]) if plain in changed else whole_tensor(tensor)


def checkpoint_weights(model: Any) -> "Iterator[tuple[str, Tensor]]":
    """As `merged_weights`, by the names and in the shapes of the family's checkpoints, which other programs read.

    Experts are one tensor in transformers and one for each expert in checkpoints. Where a family is stored otherwise
    than it is computed, all merged weights are in memory at once, else one after the other.
    """
    from transformers.conversion_mapping import get_model_conversion_mapping
    from transformers.core_model_loading import revert_weight_conversion

    base = base_model(model)
    if getattr(base, "_weight_conversions", None) or get_model_conversion_mapping(base, add_legacy=False):
        yield from revert_weight_conversion(base, dict(merged_weights(model))).items()
    else:
        yield from merged_weights(model)


def absorb_adapters(model: Any) -> Any:
    """Merges the adapters into the weights they lie on, removes them, and makes all weights trainable.

    Returns the transformers model; `model`, the peft wrapper around it, is of no further use.
    """
    import torch

    with torch.no_grad():
        for module in _changed(base_model(model)).values():
            weight_of(module).copy_(merged_weight(module))
    return model.unload().requires_grad_(True)


def refuse_adapters_that_stay(model: Any) -> None:
    """Raises `UserError` where an adapter changes no weight that the saved model has, so that it would be lost."""
    base = base_model(model)
    kept = {plain_name(name): tensor.shape for name, tensor in base.state_dict().items() if ADAPTER not in name}
    for name, module in _changed(base).items():
        packed = is_packed(plain_layer(module))
        if name not in kept or not (packed or weight_of(module).shape == kept[name]):
            fix = "name the layers in model.lora.targets, such as [q_proj, v_proj], or set model.lora null"
            raise UserError(f"model.lora: the adapter on {name} cannot be merged into the saved model; {fix}")


def plain_name(name: str) -> str:
    """Returns the name that a weight has in the model without adapters.

    >>> plain_name("layers.0.experts.base_layer.base_layer.down_proj")
    'layers.0.experts.down_proj'
    """
    return ".".join(part for part in name.split(".") if part != BASE)


def _changed(base: Any) -> dict[str, Any]:
    """Plain name of a weight → the module with its adapter, or with it in four bits.

    A layer of experts has its weights in parameters of its own; peft nests a module around it for each.
    """
    changed = {}
    for name, module in base.named_modules():
        if hasattr(module, "get_delta_weight") or (is_packed(module) and not name.endswith(f".{BASE}")):
            changed[plain_name(f"{name}.{getattr(module, 'parameter_name', None) or 'weight'}")] = module
    return changed
