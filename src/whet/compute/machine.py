"""Measures a machine's peak FLOP/s and memory bandwidth in a fraction of a second."""

import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache, partial

import torch
from torch import Tensor

from whet.compute.limit import Machine

BUDGET = 0.08
"""Seconds after which a measurement is not repeated."""


@dataclass(frozen=True, slots=True)
class Probe:
    """The size of the measured work: large enough for full speed and for no cache to hold."""

    side: int
    """Of the square matrices that are multiplied."""
    copied: int
    """Bytes of the block that is copied."""
    burst: int
    """Calls per timing: on a GPU each timing costs a synchronisation."""


PROBES = {
    "cpu": Probe(side=1280, copied=128 << 20, burst=1),
    "cuda": Probe(side=8192, copied=256 << 20, burst=8),
}


def measure_machine(device: torch.device, dtype: torch.dtype) -> Machine:
    """Measures Φ on a large matrix product in `dtype`, and β on a large copy, each byte counted as read and written.

    Cached per process by device, dtype and number of threads.
    """
    return _measured(device, dtype, torch.get_num_threads())


@cache
def _measured(device: torch.device, dtype: torch.dtype, threads: int) -> Machine:
    probe = PROBES[device.type]
    settle = partial(torch.cuda.synchronize, device) if device.type == "cuda" else _nothing
    random = torch.Generator(device).manual_seed(0)
    left, right = (
        torch.empty(probe.side, probe.side, dtype=dtype, device=device).normal_(generator=random) for _ in range(2)
    )
    product = torch.empty_like(left)
    source = torch.ones(probe.copied, dtype=torch.uint8, device=device)
    target = torch.empty_like(source)
    return Machine(
        flops=2 * probe.side**3 / seconds(lambda: torch.mm(left, right, out=product), settle, probe.burst),
        bandwidth=2 * probe.copied / seconds(lambda: target.copy_(source), settle, probe.burst),
    )


def seconds(work: Callable[[], Tensor], settle: Callable[[], None], burst: int = 1) -> float:
    """Returns the seconds of one call: the fastest of the bursts that `BUDGET` allows, after a warm-up.

    The fastest, because other programs can only slow a burst down. `settle` waits for the device to finish.
    """
    _burst(work, settle, burst)
    taken: list[float] = []
    while sum(taken) < BUDGET:
        taken.append(_burst(work, settle, burst))
    return min(taken) / burst


def _burst(work: Callable[[], Tensor], settle: Callable[[], None], times: int) -> float:
    began = time.perf_counter()
    for _ in range(times):
        work()
    settle()
    return time.perf_counter() - began


def _nothing() -> None:
    """For the CPU, whose calls return when they are done."""
