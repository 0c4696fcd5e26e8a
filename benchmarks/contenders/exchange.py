"""What one of several processes of this machine has while all compute: Φ, β, and the seconds to sum a gradient."""

import json
import sys
import time
from collections.abc import Mapping
from statistics import fmean, median
from typing import Any

import torch

from whet.compute.machine import measure_machine
from whet.compute.processes import leave, processes
from whet.compute.rank import is_one_of_several

CPU = torch.device("cpu")


def main(options: Mapping[str, Any]) -> dict[str, float]:
    """Means over the processes, which measure at once; the sum is of `weights` float32, a median of `repeats`."""
    ranks = processes()
    ranks.gathered(lambda: None)  # all have started
    found = ranks.gathered(lambda: measure_machine(CPU, torch.float32))
    gradient = torch.nn.Parameter(torch.zeros(options["weights"]))
    gradient.grad = torch.ones(options["weights"])
    seconds = []
    for _ in range(options["repeats"]):
        ranks.gathered(lambda: None)
        began = time.perf_counter()
        ranks.add_gradients([gradient])
        seconds.append(time.perf_counter() - began)
    machine = {"flops": fmean(one.flops for one in found), "bandwidth": fmean(one.bandwidth for one in found)}
    return {**machine, "summed": median(seconds) if ranks.count > 1 else 0.0}


if __name__ == "__main__":
    result = main(json.loads(sys.argv[1]))
    if processes().rank == 0:
        print(json.dumps(result))
    if is_one_of_several():
        leave()
