"""The clock and the memory of the device that a contender works on: a GPU where there is one, else the CPU."""

import resource
import time

import torch


def now() -> float:
    """Returns the seconds at which all that was asked of the device is done."""
    if torch.cuda.is_available():
        torch.cuda.synchronize()
    return time.perf_counter()


def peak_gib() -> float:
    """Returns the most memory that the process has had: of the GPU's, or of the machine's."""
    if torch.cuda.is_available():
        return torch.cuda.max_memory_allocated() / 2**30
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20
