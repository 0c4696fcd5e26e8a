"""Float32 masters of 16-bit weights, spread over the numbers that round to each weight.

A master that begins at its weight lies in the middle of them, and the weight first changes once the master has moved by
half of the gap to the next 16-bit number: at a learning rate of 1e-6 a bfloat16 weight of 0.05 would stand still for
120 steps. Masters that begin anywhere between the two edges give the same weights, and from the first step on the
weights move on average as far as their masters. (Dither before quantisation: L. Schuchman, "Dither signals and their
effect on quantization noise", 1964.)
"""

from collections.abc import Iterable, Mapping
from random import Random

import torch
from torch import Tensor

from whet.models.divided_rows import own_rows, shard_like

HALF_GAP: Mapping[torch.dtype, int] = {torch.bfloat16: 2**15, torch.float16: 2**12}
"""By dtype, float32 numbers from one of its normal numbers to the middle between that and the next."""

CHUNK = 2**22
"""Numbers that are drawn at a time."""


def masters_of(weights: Iterable[torch.nn.Parameter]) -> list[Tensor]:
    """Returns for each weight the float32 master that it is rounded from; itself where it is float32."""
    return [
        weight if weight.dtype == torch.float32 else _spread(weight, number) for number, weight in enumerate(weights)
    ]


def _spread(weight: Tensor, number: int) -> Tensor:
    """The master of the `number`-th weight. Zeros stay zeros: numbers are dense around them, so they move at once."""
    master, half = weight.detach().float(), HALF_GAP.get(weight.dtype)
    if half is None:
        return master
    steps = own_rows(shard_like(_steps(weight, number, half), weight))
    rows = own_rows(master)
    # as integers neighbouring float32 numbers differ by one, whatever their sign
    rows.view(torch.int32).add_(torch.where(rows == 0, 0, steps))
    return master


def _steps(weight: Tensor, number: int, half: int) -> Tensor:
    """Whole numbers from 1 − `half` to `half` − 1, int16, of the weight's whole shape: hashes of `number` and place.

    They are the same on every device, since processes with unlike ones must begin alike.
    """
    steps = torch.empty(weight.numel(), dtype=torch.int16, device=weight.device)
    for chunk, part in enumerate(steps.split(CHUNK)):
        place = torch.arange(len(part), dtype=torch.int32, device=weight.device)
        first, second = Random(f"{number} {chunk}").choices(range(-(2**31), 2**31), k=2)
        # the upper bits of a product are the better ones; a step of half a gap may round to the next number
        part.copy_((_hashed(place, first, second) >> 16).bitwise_and_(2 * half - 1).sub_(half).clamp_(min=1 - half))
    return steps.view(weight.shape)


def _hashed(x: Tensor, first: int, second: int) -> Tensor:
    """Shifts and multiplies int32 twice, in place (C. Wellons, "lowbias32", 2018), with a key before each product."""
    for key, shift, multiplier in ((first, 16, 0x7FEB352D), (second, 15, 0x846CA68B - 2**32)):
        x ^= key
        x ^= (x >> shift) & (2 ** (32 - shift) - 1)  # `>>` copies the sign bit
        x *= multiplier
    return x
