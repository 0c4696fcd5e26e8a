"""Linear layers whose weights are kept in four bits: what lies frozen under the adapters of QLoRA (arXiv:2305.14314).

The layer computes in the type that it was made from, with its weight unpacked for the product and dropped after it, in
the backward too (eqs. 5 and 6).
"""

from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.functional import linear

from whet.kernels.nf4 import Packed, dequantize, quantize


class QuantizedLinear(nn.Linear):
    """x ↦ x · Wᵀ + b, W `[out, in]` in four bits. It never learns.

    Its tensors are buffers that no state dict holds: they are a function of the weights that were loaded.
    """

    weight: Tensor
    """The codes of W, uint8, two numbers a byte."""
    largest: Tensor
    scales: Tensor
    mean: Tensor

    def __init__(self, layer: nn.Linear, device: torch.device) -> None:
        super().__init__(layer.in_features, layer.out_features, bias=False, device="meta")
        self.dtype = layer.weight.dtype
        del self.weight
        packed = quantize(layer.weight.to(device))
        for name, tensor in zip(("weight", "largest", "scales", "mean"), packed, strict=True):
            self.register_buffer(name, tensor, persistent=False)
        if layer.bias is not None:
            self.bias = nn.Parameter(layer.bias.detach().to(device), requires_grad=False)

    def unpacked(self) -> Tensor:
        """W, in the type that it was made from."""
        packed = Packed(self.weight, self.largest, self.scales, self.mean)
        return dequantize(packed, torch.Size((self.out_features, self.in_features)), self.dtype)

    def forward(self, x: Tensor) -> Tensor:
        """x `[…, in]` to `[…, out]`."""
        product: Tensor = _Product.apply(x, self)  # type: ignore[no-untyped-call]
        return product


class _Product(torch.autograd.Function):
    """Keeps the layer for the backward, not its unpacked weight."""

    @staticmethod
    def forward(context: Any, x: Tensor, layer: QuantizedLinear) -> Tensor:
        context.layer = layer
        return linear(x, layer.unpacked(), layer.bias)

    @staticmethod
    def backward(context: Any, *gradients: Tensor) -> tuple[Tensor, None]:
        (gradient,) = gradients
        return gradient @ context.layer.unpacked(), None


def weight_of(module: Any) -> Tensor:
    """W `[out, in]` of a linear layer, under an adapter or not: its own tensor, or unpacked from four bits."""
    layer = getattr(module, "base_layer", module)
    weight: Tensor = layer.unpacked() if isinstance(layer, QuantizedLinear) else layer.weight.detach()
    return weight


def packed_weights(model: nn.Module) -> int:
    """How many weights a model keeps in four bits; its `parameters()` do not list them."""
    layers = (module for module in model.modules() if isinstance(module, QuantizedLinear))
    return sum(layer.in_features * layer.out_features for layer in layers)
