"""What the layers of the fused decoder apply between their products: RMS norms, and factors of the residual stream."""

from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor

Norm = Callable[[Tensor], Tensor]


def identity(x: Tensor) -> Tensor:
    """Returns `x`: stands for an absent norm."""
    return x


@dataclass(frozen=True, slots=True)
class RmsNorm:
    """x ↦ x / √(mean(x²) + ε) · weight (arXiv:1910.07467), the mean taken in float32.

    A float32 weight for a narrower x multiplies before the result is rounded, as in Gemma; else after.
    """

    weight: Tensor
    epsilon: float

    def __call__(self, x: Tensor) -> Tensor:
        wide = x.to(self.weight.dtype)
        return (self.weight * torch.rms_norm(wide, wide.shape[-1:], None, self.epsilon)).to(x.dtype)


def add_norm(x: Tensor, delta: Tensor, norm: Norm) -> tuple[Tensor, Tensor]:
    """Returns x + delta, and its norm."""
    total = x + delta
    return total, norm(total)


@dataclass(frozen=True, slots=True)
class WidthNorms:
    """Norms of all query heads together and of all key heads together, over `[…, H + K, D]` (OLMo)."""

    query: RmsNorm
    """Over H · D."""
    key: RmsNorm
    """Over K · D."""

    def __call__(self, x: Tensor) -> Tensor:
        key_heads = len(self.key.weight) // x.shape[-1]
        query, key = x.split_with_sizes([x.shape[-2] - key_heads, key_heads], -2)
        both = [norm(part.flatten(-2)).view_as(part) for norm, part in ((self.query, query), (self.key, key))]
        return torch.cat(both, -2)


@dataclass(frozen=True, slots=True)
class Scaled:
    """x ↦ factor · x: what Granite adds to the residual stream."""

    factor: float

    def __call__(self, x: Tensor) -> Tensor:
        return x * self.factor
