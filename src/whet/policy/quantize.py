"""A model for QLoRA (arXiv:2305.14314): every linear layer but the head in four bits, frozen."""

from typing import TYPE_CHECKING, Any

from whet.errors import UserError

if TYPE_CHECKING:
    import torch


def quantized(model: Any, device: "torch.device") -> Any:
    """`model`, changed in place: its linear layers but the output head in four bits on `device`, the rest as it was.

    Norms, embeddings, biases and the head keep their type, and so does what the layers compute in.

    Raises `UserError` where there is no such layer.
    """
    from torch import nn

    from whet.kernels.quantized import QuantizedLinear

    head = model.get_output_embeddings()
    layers = {name: module for name, module in model.named_modules() if isinstance(module, nn.Linear)}
    wanted = {name: module for name, module in layers.items() if module is not head}
    if not wanted:
        kind = model.config.model_type
        raise UserError(f"model.lora.bits: {kind} has no linear layers to keep in 4 bits; set model.lora.bits to 16")
    for name, module in wanted.items():
        above, _, last = name.rpartition(".")
        setattr(model.get_submodule(above), last, QuantizedLinear(module, device))
    return model
