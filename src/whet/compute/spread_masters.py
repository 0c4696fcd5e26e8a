"""Float32 masters of 16-bit weights, spread over the numbers that round to each weight.

A master that begins at its weight lies in the middle of them, and the weight first changes once the master has moved by
half of the gap to the next 16-bit number: at a learning rate of 1e-6 a bfloat16 weight of 0.05 would stand still for
120 steps. Masters that begin anywhere between the two edges give the same weights, and from the first step on the
weights move on average as far as their masters. (Dither before quantisation: L. Schuchman, "Dither signals and their
effect on quantization noise", 1964.)
"""

from collections.abc import Iterable, Mapping

import torch
from torch import Tensor

from whet.models.divided_rows import own_rows, shard_like

HALF_GAP: Mapping[torch.dtype, int] = {torch.bfloat16: 2**15, torch.float16: 2**12}
"""By dtype, float32 numbers from one of its numbers to the middle between that and the next."""


def masters_of(weights: Iterable[torch.nn.Parameter]) -> list[Tensor]:
    """Returns for each weight the float32 master that it is rounded from; itself where it is float32."""
    return [
        weight if weight.dtype == torch.float32 else _spread(weight, number) for number, weight in enumerate(weights)
    ]


def _spread(weight: Tensor, number: int) -> Tensor:
    """The master of the `number`-th weight. Zeros stay zeros: numbers are dense around them, so they move at once."""
    master, half = weight.detach().float(), HALF_GAP[weight.dtype]
    generator = torch.Generator(weight.device).manual_seed(number)
    steps = torch.empty(weight.shape, dtype=torch.int16, device=weight.device)
    steps = own_rows(shard_like(steps.random_(1 - half, half, generator=generator), weight))
    rows = own_rows(master)
    # as integers neighbouring float32 numbers differ by one, whatever their sign
    rows.view(torch.int32).add_(torch.where(rows == 0, 0, steps))
    return master
