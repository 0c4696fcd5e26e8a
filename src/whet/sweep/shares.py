"""What each of several trials at once gets of this machine: some of its cores, and of several GPUs some of its own."""

import os
from collections.abc import Mapping, Sequence

from whet.compute.launch import cores

THREADS, GPUS = "OMP_NUM_THREADS", "CUDA_VISIBLE_DEVICES"


def shares(count: int, processes: int, environment: Mapping[str, str] = os.environ) -> list[dict[str, str]]:
    """Returns the environment variables for each of `count` trials at once, which have so many `processes` each.

    A trial alone has the machine. Threads that the user has set stay. GPUs are divided evenly among trials; where there
    are fewer of them than trials, several share one.
    """
    if count == 1:
        return [{}]
    threads = {} if THREADS in environment else {THREADS: str(max(1, len(cores()) // (count * processes)))}
    there = _gpus(environment)
    return [threads | _own(slot, count, there) for slot in range(count)]


def _own(slot: int, count: int, gpus: Sequence[str]) -> dict[str, str]:
    if len(gpus) < 2:
        return {}
    each = max(1, len(gpus) // count)
    first = slot * each % len(gpus)
    return {GPUS: ",".join(gpus[first : first + each])}


def _gpus(environment: Mapping[str, str]) -> list[str]:
    """The names of the GPUs that this process may use, as `CUDA_VISIBLE_DEVICES` takes them."""
    import torch

    count = torch.cuda.device_count()  # by the driver's library: no context is made
    named = [name.strip() for name in environment.get(GPUS, "").split(",") if name.strip()]
    return (named or [str(number) for number in range(count)])[:count]
