"""Four bits a number: 4-bit NormalFloat with double quantisation (QLoRA, arXiv:2305.14314, §3).

A number is kept as the nearest of sixteen levels, times the largest magnitude of the 64 numbers that it stands among.
The levels are quantiles of a normal distribution, so that weights meet each about as often as any other. The largest
magnitudes are kept in 8 bits themselves, less their mean, in blocks of 256: in all 4 + 8/64 + 32/(64 · 256) = 4.127
bits a number. Plain tensor operations: every device computes them, and all compute the same.
"""

from functools import cache
from typing import NamedTuple

import torch
from torch import Tensor
from torch.nn.functional import pad

LEVELS = (
    -1.0,
    -0.6961928009986877,
    -0.5250730514526367,
    -0.39491748809814453,
    -0.28444138169288635,
    -0.18477343022823334,
    -0.09105003625154495,
    0.0,
    0.07958029955625534,
    0.16093020141124725,
    0.24611230194568634,
    0.33791524171829224,
    0.44070982933044434,
    0.5626170039176941,
    0.7229568362236023,
    1.0,
)
"""The levels of appendix E: by their place, the code of a number."""

BLOCK, OUTER = 64, 256
"""Numbers that share a largest magnitude, and largest magnitudes that share a scale."""


class Packed(NamedTuple):
    """n numbers in four bits each."""

    codes: Tensor
    """uint8 `[⌈n / 64⌉ · 32]`: two numbers each, the first in the upper half."""
    largest: Tensor
    """int8 `[⌈blocks / 256⌉, 256]`: each block's largest magnitude, less the mean of all, in 127ths of its scale."""
    scales: Tensor
    """float32 `[⌈blocks / 256⌉, 1]`."""
    mean: Tensor
    """float32 `[]`: of the largest magnitudes."""


def quantize(weight: Tensor) -> Packed:
    """The numbers of `weight`, of any shape, in four bits each, on its device."""
    numbers = weight.detach().float().flatten()
    blocks = pad(numbers, (0, -len(numbers) % BLOCK)).view(-1, BLOCK)
    largest = blocks.abs().amax(-1)
    shares = blocks / largest.clamp(min=torch.finfo(torch.float32).tiny)[:, None]
    codes = torch.bucketize(shares, _borders(weight.device), out_int32=True).to(torch.uint8).view(-1, 2)
    return Packed((codes[:, 0] << 4) | codes[:, 1], *_quantized_again(largest))


def dequantize(packed: Packed, shape: torch.Size, dtype: torch.dtype) -> Tensor:
    """What `packed` stands for: a fresh tensor of the shape and type that it was made from."""
    levels = _pairs(packed.codes.device).index_select(0, packed.codes.int()).view(torch.float32).view(-1, BLOCK)
    largest = (packed.largest * (packed.scales / 127) + packed.mean).flatten()[: len(levels)]
    return (levels * largest[:, None]).flatten()[: shape.numel()].view(shape).to(dtype)


def _quantized_again(largest: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """The second quantisation: integers, a scale for each 256 of them, and the mean."""
    mean = largest.mean()
    rows = pad(largest - mean, (0, -len(largest) % OUTER)).view(-1, OUTER)
    scales = rows.abs().amax(-1, keepdim=True).clamp(min=torch.finfo(torch.float32).tiny)
    return (rows / scales * 127).round().to(torch.int8), scales, mean


@cache
def _borders(device: torch.device) -> Tensor:
    """Between a level and the next."""
    levels = torch.tensor(LEVELS, device=device)
    return (levels[1:] + levels[:-1]) / 2


@cache
def _pairs(device: torch.device) -> Tensor:
    """int64 `[256]`: the two float32 levels that a byte of codes stands for, side by side."""
    levels = torch.tensor(LEVELS, device=device)
    return torch.cartesian_prod(levels, levels).view(torch.int64).flatten()
