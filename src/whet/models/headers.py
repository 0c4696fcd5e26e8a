"""What safetensors files say they hold, by their headers alone: how many tensors, how large; no weight is read.

A file is eight bytes that say how long the header is, the header in JSON, and the weights
(https://huggingface.co/docs/safetensors). A header that lies about its file is refused here, before anything is
made room for.
"""

import json
from collections.abc import Iterable
from dataclasses import dataclass
from math import prod
from pathlib import Path
from typing import Any

LENGTH = 8
"""Bytes at the start of a file that say how long its header is."""

LONGEST = 100_000_000
"""Bytes of a header; the safetensors library has the same limit."""

NUMBERS_PER_BYTE = 8
"""The smallest numbers have one bit."""


@dataclass(frozen=True, slots=True)
class Contents:
    """What weights there are."""

    tensors: int
    numbers: int
    """In all tensors."""
    longest: int
    """The largest dimension of any tensor."""


def contents_of(files: Iterable[Path]) -> Contents:
    """What several files hold together. Raises `ValueError` that names the first unsound file and what is wrong."""
    shapes = [shape for file in files for shape in shapes_in(file)]
    dimensions = (dimension for shape in shapes for dimension in shape)
    return Contents(len(shapes), sum(map(prod, shapes)), max(dimensions, default=0))


def shapes_in(file: Path) -> list[tuple[int, ...]]:
    """The shapes of the tensors in a file. Raises `ValueError` that names the file and what is wrong with it."""
    with file.open("rb") as opened:
        header = opened.read(LENGTH)
        length, room = int.from_bytes(header, "little"), file.stat().st_size - LENGTH
        if len(header) < LENGTH or length > min(room, LONGEST):
            raise ValueError(f"{file.name} is no safetensors file: its header does not fit into it")
        text = opened.read(length)
    try:
        tensors = json.loads(text)
        sizes = [_size(one) for name, one in tensors.items() if name != "__metadata__"]
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError):
        raise ValueError(f"{file.name} is no safetensors file: its header is not readable") from None
    if any(prod(shape) > NUMBERS_PER_BYTE * held for shape, held in sizes) or sum(h for _, h in sizes) > room - length:
        raise ValueError(f"{file.name} is broken off or false: its header speaks of more than it holds")
    return [shape for shape, _ in sizes]


def _size(tensor: dict[str, Any]) -> tuple[tuple[int, ...], int]:
    """A tensor's shape, and the bytes that it takes."""
    shape = tuple(tensor["shape"])
    start, end = tensor["data_offsets"]
    if not all(isinstance(number, int) and number >= 0 for number in (*shape, start, end - start)):
        raise ValueError(shape)
    return shape, end - start
