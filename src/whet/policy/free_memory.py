"""The memory that is free on a device: what the system and control groups leave, and what the heap keeps."""

import ctypes
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import torch

GROUPS, OWN_GROUPS = Path("/sys/fs/cgroup"), Path("/proc/self/cgroup")

FILES = (("memory.max", "memory.current"), ("memory.limit_in_bytes", "memory.usage_in_bytes"))
"""Limit and use of a control group, of version 2 and of version 1."""


@dataclass(frozen=True, slots=True)
class Memory:
    """A machine's memory, or the part of it that a container may use, in bytes."""

    total: int
    available: int
    """What programs can still take: free, or held by caches that the kernel drops."""


def free_bytes(device: torch.device) -> int:
    """Returns the bytes that this process can still use on a device, its allocator's unused memory included."""
    if device.type == "cuda":
        unused = torch.cuda.memory_reserved(device) - torch.cuda.memory_allocated(device)
        return torch.cuda.mem_get_info(device)[0] + unused
    return system_memory().available + unused_heap()


def system_memory(groups: Path = GROUPS, own: Path = OWN_GROUPS) -> Memory:
    """Returns the memory of the machine, or of the tightest control group that the process is in."""
    import psutil

    machine = psutil.virtual_memory()
    found = [Memory(machine.total, machine.available), *_of_groups(groups, own, machine.total)]
    return Memory(min(one.total for one in found), min(one.available for one in found))


def _of_groups(groups: Path, own: Path, machine: int) -> Iterator[Memory]:
    """The limited control groups of the process, from its own up to the root."""
    for folder in _folders(groups, own):
        for limit_name, used_name in FILES:
            limit, used = _number(folder / limit_name), _number(folder / used_name)
            if limit is not None and used is not None and limit < machine:
                yield Memory(limit, max(limit - used + _dropped_first(folder / "memory.stat"), 0))


def _folders(groups: Path, own: Path) -> Iterator[Path]:
    try:
        lines = own.read_text(encoding="utf-8").splitlines()
    except OSError:
        return
    for _, controllers, path in (line.split(":", 2) for line in lines if line.count(":") >= 2):
        if controllers in ("", "memory"):
            folder = groups / controllers / path.lstrip("/")
            yield from (each for each in (folder, *folder.parents) if each.is_relative_to(groups))


def _number(path: Path) -> int | None:
    """The number in a file; None where there is none, or `max`."""
    try:
        return int(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None


def _dropped_first(stat: Path) -> int:
    """Bytes of files that the kernel drops before it ends a process."""
    try:
        lines = stat.read_text(encoding="utf-8").splitlines()
    except OSError:
        return 0
    return sum(int(line.split()[1]) for line in lines if line.startswith("inactive_file "))


_COUNTS = (
    *("arena", "ordblks", "smblks", "hblks", "hblkhd"),
    *("usmblks", "fsmblks", "uordblks", "fordblks", "keepcost"),
)


class _Heap(ctypes.Structure):
    """mallinfo2(3)."""

    _fields_ = tuple((name, ctypes.c_size_t) for name in _COUNTS)


def unused_heap() -> int:
    """Returns the bytes that glibc's heap keeps free for the next allocation; 0 with another allocator."""
    if not sys.platform.startswith("linux"):
        return 0
    mallinfo2 = getattr(ctypes.CDLL(None), "mallinfo2", None)
    if mallinfo2 is None:
        return 0
    mallinfo2.restype = _Heap
    return int(mallinfo2().fordblks)
