"""The device, its type of numbers, its memory and speed, and the room on the disk."""

import os
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from whet.doctor.finding import Finding
from whet.files import why_unwritable
from whet.models.cache import cache_folder

if TYPE_CHECKING:
    import torch

TOPIC = "machine"
GB = 1e9

SMALL_MODEL = 6 * GB
"""Free memory that a 135M model takes in full training, with some room."""

SMALL_RUN = 3 * GB
"""Room on the disk for a model's cache and a run of 135M parameters with its checkpoints."""


def machine_findings() -> Iterator[Finding]:
    """Yields findings on device, number type, memory, speed and disk. Takes about a second."""
    from whet.compute.device import pick_device, pick_dtype

    device = pick_device()
    dtype = pick_dtype("auto", device)
    yield _device(device)
    yield _type(device, dtype)
    yield _memory(device)
    yield _speed(device, dtype)
    yield _disk("cache folder", cache_folder())
    yield _disk("run folders", Path("runs"))


def _device(device: "torch.device") -> Finding:
    import torch

    if device.type == "cuda":
        properties = torch.cuda.get_device_properties(device)
        count = torch.cuda.device_count()
        others = f", one of {count}" if count > 1 else ""
        figures = {"type": "cuda", "name": properties.name, "count": count}
        return Finding(TOPIC, "device", f"{properties.name}{others}", figures=figures)
    cores, threads = os.cpu_count() or 1, torch.get_num_threads()
    figures = {"type": "cpu", "cores": cores, "threads": threads}
    value = f"CPU, {cores} cores, {threads} threads"
    if torch.version.cuda:
        fix = "look whether `nvidia-smi` lists a card; where there is none, the CPU is right"
        return Finding(TOPIC, "device", f"{value}; torch is built for CUDA, but finds no card", "note", fix, figures)
    return Finding(TOPIC, "device", value, figures=figures)


def _type(device: "torch.device", dtype: "torch.dtype") -> Finding:
    name = str(dtype).removeprefix("torch.")
    why = "multiplied by the hardware" if name == "bfloat16" else "this hardware does not multiply bfloat16"
    return Finding(TOPIC, "type", f"{name} ({why})", figures={"dtype": name})


def _memory(device: "torch.device") -> Finding:
    from whet.policy.free_memory import free_bytes, system_memory

    free = free_bytes(device)
    if device.type == "cuda":
        import torch

        total = torch.cuda.mem_get_info(device)[1]
    else:
        total = system_memory().total
    value = f"{free / GB:.1f} of {total / GB:.1f} GB free"
    figures = {"free_bytes": free, "total_bytes": total}
    if free >= SMALL_MODEL:
        return Finding(TOPIC, "memory", value, figures=figures)
    fix = f"full training of a 135M model takes {SMALL_MODEL / GB:.0f} GB: end other programs, or set model.lora"
    return Finding(TOPIC, "memory", value, "note", fix, figures)


def _speed(device: "torch.device", dtype: "torch.dtype") -> Finding:
    from whet.compute.machine import measure_machine

    found = measure_machine(device, dtype)
    value = f"Φ {_si(found.flops)}FLOP/s, β {_si(found.bandwidth)}B/s (as other programs leave it)"
    return Finding(TOPIC, "speed", value, figures={"flops": found.flops, "bandwidth": found.bandwidth})


def _si(value: float) -> str:
    """A number with its unit's prefix.

    >>> _si(4.15e11), _si(7.88e14), _si(32e9)
    ('415 G', '788 T', '32 G')
    """
    power, prefix = (1e12, "T") if value >= 1e12 else (1e9, "G")
    return f"{value / power:.3g} {prefix}"


def _disk(name: str, folder: Path) -> Finding:
    """Room in a folder, or where it would be made."""
    there = next(path for path in (folder, *folder.absolute().parents) if path.exists())
    free = shutil.disk_usage(there).free
    value, figures = f"{folder}, {free / GB:.1f} GB free", {"folder": str(folder), "free_bytes": free}
    if reason := why_unwritable(folder):
        fix = "set WHET_CACHE to a folder that can be written" if name == "cache folder" else "set run.folder"
        return Finding(TOPIC, name, f"{value}; cannot be written ({reason})", "fault", fix, figures)
    if free < SMALL_RUN:
        return Finding(TOPIC, name, value, "note", f"a small run takes {SMALL_RUN / GB:.0f} GB: make room", figures)
    return Finding(TOPIC, name, value, figures=figures)
