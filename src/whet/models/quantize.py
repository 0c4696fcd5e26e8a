"""Quantises a model for QLoRA (arXiv:2305.14314): every linear layer but the head in four bits, frozen."""

from importlib.util import find_spec
from typing import TYPE_CHECKING, Any

from whet.errors import UserError
from whet.models.quiet import quiet
from whet.text import first_line

if TYPE_CHECKING:
    import torch


def refuse_where_it_cannot_be(device: "torch.device") -> None:
    """Raises `UserError` without bitsandbytes, or where it cannot keep weights in four bits on `device`."""
    if find_spec("bitsandbytes") is None:
        raise UserError("model.lora.bits: 4 needs bitsandbytes; pip install 'whet[qlora]', or set it to 16")
    import torch

    try:
        _packed(torch.nn.Linear(64, 64, device=device))
    except Exception as error:  # a missing backend may raise anything
        raise UserError(
            f"model.lora.bits: bitsandbytes cannot keep weights in 4 bits on {device} ({first_line(error)}); "
            "set it to 16"
        ) from error


def quantized(model: Any, device: "torch.device") -> Any:
    """Quantises in place all linear layers of `model` but its output head to four bits on `device`; returns `model`.

    Norms, embeddings, biases and the head keep their dtype, as does the layers' computation.

    Raises `UserError` where there is no such layer.
    """
    from torch import nn

    head = model.get_output_embeddings()
    layers = {name: module for name, module in model.named_modules() if isinstance(module, nn.Linear)}
    wanted = {name: module for name, module in layers.items() if module is not head}
    if not wanted:
        kind = model.config.model_type
        raise UserError(f"model.lora.bits: {kind} has no linear layers to keep in 4 bits; set model.lora.bits to 16")
    for name, module in wanted.items():
        above, _, last = name.rpartition(".")
        setattr(model.get_submodule(above), last, _packed(module.to(device)))
    return model


def _packed(layer: Any) -> Any:
    """Quantises a linear layer to 4-bit NormalFloat with double quantisation."""
    with quiet():
        from bitsandbytes import nn

        packed: Any = nn.Linear4bit(
            layer.in_features, layer.out_features, bias=False, compute_dtype=layer.weight.dtype, device="meta"
        )
        packed.weight = nn.Params4bit(layer.weight.detach(), requires_grad=False, quant_type="nf4", module=packed)
        packed.bias = layer.bias
        packed.support_avx512bf16_for_cpu = False  # its weight layout is not the one that `weight_of` reads
        return packed.to(layer.weight.device).requires_grad_(False)
