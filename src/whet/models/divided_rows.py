"""Tensors that the processes of a run divide among themselves by rows: torch's `DTensor`, as FSDP2 makes them."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from torch import Tensor


def is_shard(tensor: "Tensor") -> bool:
    """Whether a tensor is divided among processes, so that this one holds some of its rows."""
    return hasattr(tensor, "full_tensor")


def whole_tensor(tensor: "Tensor") -> "Tensor":
    """Returns a divided tensor, or a sum that is divided, as a plain one; all processes call it together."""
    gather = getattr(tensor, "full_tensor", None)
    return gather() if gather else tensor


def whole_tensors(tensors: "Mapping[str, Tensor]", keep: bool) -> "dict[str, Tensor]":
    """Returns divided tensors whole, on the CPU, and the others as they are; nothing unless `keep`.

    All processes call it together. One tensor at a time is whole on the device.
    """
    found = {}
    for name, tensor in tensors.items():
        gathered = whole_tensor(tensor.detach())
        if keep:
            found[name] = gathered.cpu() if is_shard(tensor) else gathered
    return found


def own_rows(tensor: "Tensor") -> "Tensor":
    """Returns this process's rows of a divided tensor, in the same memory; a plain tensor as it is."""
    rows: Tensor = tensor.to_local() if is_shard(tensor) else tensor  # type: ignore[attr-defined]
    return rows


def shard_like(tensor: "Tensor", divided: Any) -> "Tensor":
    """Returns this process's rows of a whole tensor, as `divided` has its own; as it is where that is not divided.

    Where shapes differ, as of a step count, it stays whole too. No process waits for another.
    """
    if not is_shard(divided) or tensor.shape != divided.shape:
        return tensor
    from torch.distributed.tensor import DTensor, distribute_tensor

    placed: DTensor = distribute_tensor(
        tensor.to(divided.device), divided.device_mesh, divided.placements, src_data_rank=None
    )
    return placed
