"""Rotary position embedding by complex numbers."""

import torch
from torch import Tensor


def turned(x: Tensor, position: int, size: int) -> Tensor:
    """x `[heads, size]` at a position, by complex numbers: dimension i and i + size / 2 are one."""
    angle = position / 10_000.0 ** (torch.arange(0, size, 2) / size)
    z = torch.complex(*x.chunk(2, -1)) * torch.polar(torch.ones(size // 2), angle)
    return torch.cat([z.real, z.imag], -1)
