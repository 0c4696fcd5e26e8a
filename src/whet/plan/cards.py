"""Graphics cards by name: peak FLOP/s, memory bandwidth and memory, for plans of machines that are not here.

From the makers' data sheets, dense, for the type that Whet computes in there (bfloat16, float32 before Ampere), times
`REACHED`, the share of them that a large product and a large copy reach; of the H200 as measured.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from whet.compute.limit import Machine
from whet.errors import UserError, did_you_mean

REACHED = 0.8

GB = 1e9


@dataclass(frozen=True, slots=True)
class Card:
    """A graphics card."""

    machine: Machine
    memory: float
    """Bytes."""


def _sheet(teraflops: float, gigabytes_per_second: float, memory: float) -> Card:
    return Card(Machine(REACHED * teraflops * 1e12, REACHED * gigabytes_per_second * 1e9), memory * GB)


CARDS: Mapping[str, Card] = {
    "b200": _sheet(2250, 8000, 180),
    "h200": Card(Machine(788e12, 4.3e12), 141 * GB),
    "h100": _sheet(989, 3350, 80),
    "a100": _sheet(312, 2039, 80),
    "a100-40gb": _sheet(312, 1555, 40),
    "l40s": _sheet(362, 864, 48),
    "l4": _sheet(121, 300, 24),
    "a10g": _sheet(70, 600, 24),
    "rtx5090": _sheet(210, 1792, 32),
    "rtx4090": _sheet(165, 1008, 24),
    "rtx3090": _sheet(71, 936, 24),
    "v100": _sheet(15.7, 900, 16),
    "t4": _sheet(8.1, 320, 16),
}
"""By the name that `--device` takes."""


def card(name: str) -> Card:
    """Returns a card by its name, in any case, with or without spaces.

    Raises `UserError` for one that the table lacks.
    """
    plain = name.lower().replace(" ", "").replace("_", "-")
    if plain not in CARDS:
        raise UserError(f"--device: is {name!r}; use one of {', '.join(CARDS)}{did_you_mean(plain, CARDS)}")
    return CARDS[plain]
