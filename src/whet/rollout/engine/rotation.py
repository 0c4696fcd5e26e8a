"""Rotary position embedding (arXiv:2104.09864) of the fused decoder: tables of angles by position, and the rotation.

Tables have a head's full width. Where a family rotates only a part of each head, or none in some layers, the other
dimensions have cosine 1 and sine 0, and the dimensions of queries and keys are ordered so that the two that are rotated
together are half a head apart: q · k does not depend on that order.
"""

from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor

Rotary = Callable[[Tensor], tuple[Tensor, Tensor]]
"""Positions `[…]` to cosine and sine `[…, D]`."""


@dataclass(frozen=True, slots=True)
class Angles:
    """Cosines and sines by position, for a head's dimensions."""

    cosine_SD: Tensor
    signed_sine_SD: Tensor
    """`half_negated`."""

    @classmethod
    def of(cls, rotary: Rotary, positions: int, device: torch.device) -> "Angles":
        """Computes those of positions 0 … `positions` − 1."""
        cosine, sine = rotary(torch.arange(positions, device=device))
        return cls(cosine, half_negated(sine))


def rotated(x: Tensor, cosine: Tensor, signed_sine: Tensor) -> Tensor:
    """Applies rotary position embedding in the half-split layout: x cos + (−x₂ ‖ x₁) sin.

    `signed_sine` is `half_negated(sine)`. Wider angles multiply before the result is rounded to the dtype of `x`.
    """
    return torch.addcmul(x * cosine, x.roll(x.shape[-1] // 2, -1), signed_sine).to(x.dtype)


def half_negated(sine: Tensor) -> Tensor:
    """Returns `sine` with its first half negated: (−x₂ ‖ x₁) sin = (x₂ ‖ x₁) (−sin ‖ sin)."""
    first, second = sine.chunk(2, -1)
    return torch.cat([-first, second], -1)


def halves_apart(size: int, rotated_dimensions: int) -> list[int]:
    """Returns the order of a head's dimensions in which those that are rotated together are half a head apart.

    >>> halves_apart(8, 4)
    [0, 1, 4, 5, 2, 3, 6, 7]
    """
    half, rest = rotated_dimensions // 2, (size - rotated_dimensions) // 2
    first, second = range(half), range(half, 2 * half)
    passed = range(2 * half, size)
    return [*first, *passed[:rest], *second, *passed[rest:]]


def full_width(angles: Tensor, size: int, elsewhere: float) -> Tensor:
    """Widens cosines or sines `[…, rotated]` to `[…, size]` in the order of `halves_apart`; the rest is `elsewhere`."""
    missing = (size - angles.shape[-1]) // 2
    if not missing:
        return angles
    between = angles.new_full((*angles.shape[:-1], missing), elsewhere)
    first, second = angles.chunk(2, -1)
    return torch.cat([first, between, second, between], -1)
