"""What this machine does in a second at best, found out in a fraction of one."""

import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache, partial

import torch
from torch import Tensor

from whet.compute.limit import Machine

BUDGET = 0.08
"""Seconds after which a measurement is not repeated once more."""


@dataclass(frozen=True, slots=True)
class Probe:
    """How large the measured work is: large enough for full speed, and for no cache to hold."""

    side: int
    """Of the square matrices that are multiplied."""
    copied: int
    """Bytes of the block that is copied."""
    burst: int
    """Calls between two looks at the clock: on a GPU, looking costs time."""


PROBES = {
    "cpu": Probe(side=1280, copied=128 << 20, burst=1),
    "cuda": Probe(side=8192, copied=256 << 20, burst=8),
}


def measure_machine(device: torch.device, dtype: torch.dtype) -> Machine:
    """Φ of a large product of matrices in `dtype`, and β of a large copy, each byte counted as read and as written.

    Measured once per process for a device, a type and a number of threads.
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
    """Seconds of one call: the fastest of several bursts, as many as `BUDGET` allows, after one that warms up.

    The fastest, because nothing runs faster than the machine is, and much runs slower beside other programs.
    `settle` waits until everything that was asked for is done.
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
    """A CPU has done what it was asked for when a call returns."""
