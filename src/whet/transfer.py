"""Moves many small tensors to a device in one copy.

A copy from pageable memory blocks the host for some ten microseconds, whatever its size. A micro-batch has some twenty
index tensors and masks; laid end to end in one pinned buffer they travel together, and the host goes on meanwhile.
"""

from collections.abc import Iterable
from typing import Any

import torch
from torch import Tensor

ALIGNED = 16
"""Bytes: every tensor begins at a multiple, as its dtype and vectorised loads require."""


def moved(values: Iterable[Any], device: torch.device) -> list[Any]:
    """Returns the values with every tensor among them on `device`; what is no tensor, or is there already, stays.

    Tensors that are moved share one storage on `device`.
    """
    listed = list(values)
    away = {at: value for at, value in enumerate(listed) if isinstance(value, Tensor) and value.device != device}
    if len(away) < 2 or device.type == "cpu":
        return [value.to(device) if at in away else value for at, value in enumerate(listed)]
    starts, end = {}, 0
    for at, value in away.items():
        starts[at] = end
        end += -(-value.nbytes // ALIGNED) * ALIGNED
    buffer = torch.empty(end, dtype=torch.uint8, pin_memory=device.type == "cuda")
    for at, value in away.items():
        _part(buffer, starts[at], value).copy_(value)
    there = buffer.to(device, non_blocking=True)  # the caching host allocator keeps the buffer until the copy is done
    return [_part(there, starts[at], value) if at in away else value for at, value in enumerate(listed)]


def _part(buffer: Tensor, start: int, like: Tensor) -> Tensor:
    """The bytes of the buffer from `start` on that hold a tensor like this one."""
    return buffer[start : start + like.nbytes].view(like.dtype).view(like.shape)
