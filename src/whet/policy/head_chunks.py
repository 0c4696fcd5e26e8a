"""How many tokens the head works on at a time, and whose probabilities it keeps: by the device's memory.

The sizes follow from the memory that a device has, not from what happens to be free: the order in which a gradient is
summed must be the same when a run is resumed.
"""

from collections.abc import Callable, Mapping
from functools import cache
from typing import NamedTuple

import torch

UNIT = 256
"""Chunks are multiples of so many tokens."""

LONGEST = 8192
"""Tokens beyond which a longer chunk is no faster."""

CHUNK_SHARE, KEPT_SHARE = 1 / 32, 1 / 16
"""Shares of a GPU's memory for the float32 probabilities of a chunk, and for those that are kept."""

FLOAT = 4
"""Bytes of a float32 probability."""


class HeadSizes(NamedTuple):
    """Sizes of the head's work."""

    chunk: int
    """Tokens whose float32 probabilities exist at the same time."""
    kept: int
    """Tokens whose probabilities may be kept for the backward, in the dtype of the layers."""


def head_sizes(device: torch.device, vocabulary: int, element: int) -> HeadSizes:
    """Returns the sizes for a vocabulary, with layers of `element` bytes a number."""
    return SIZES.get(device.type, _in_caches)(device, vocabulary, element)


def _in_caches(device: torch.device, vocabulary: int, element: int) -> HeadSizes:
    """On a CPU the probabilities of a short chunk stay near the cores; 2²⁷ are kept: 256 MiB in bfloat16."""
    return HeadSizes(UNIT, 2**27 // vocabulary)


def _of_memory(device: torch.device, vocabulary: int, element: int) -> HeadSizes:
    return by_memory(_total(device), vocabulary, element)


def chunk_tensors(soft_cap: float | None) -> int:
    """Returns how many float32 tensors of a chunk exist together: logits and probabilities, and the soft cap's slope.

    >>> chunk_tensors(None), chunk_tensors(30.0)
    (2, 3)
    """
    return 2 if soft_cap is None else 3


def by_memory(total: int, vocabulary: int, element: int) -> HeadSizes:
    """Returns the sizes for a GPU with `total` bytes.

    >>> by_memory(16 << 30, 151_936, 2), by_memory(141 << 30, 49_152, 2)
    (HeadSizes(chunk=512, kept=3533), HeadSizes(chunk=8192, kept=96256))
    """
    affordable = int(CHUNK_SHARE * total) // (vocabulary * (FLOAT + element))
    chunk = min(max(affordable // UNIT * UNIT, UNIT), LONGEST)
    return HeadSizes(chunk, int(KEPT_SHARE * total) // (vocabulary * element))


@cache
def _total(device: torch.device) -> int:
    return int(torch.cuda.get_device_properties(device).total_memory)


SIZES: Mapping[str, Callable[[torch.device, int, int], HeadSizes]] = {"cuda": _of_memory}
"""By device type; any other is a CPU's."""
