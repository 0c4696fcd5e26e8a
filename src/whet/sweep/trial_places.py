"""Where each of several trials at once runs: here, with a share of the cores and GPUs, or on a Ray cluster's node."""

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from whet.compute.launch import cores
from whet.sweep import cluster_request
from whet.sweep.cluster_request import Request

THREADS, GPUS = "OMP_NUM_THREADS", "CUDA_VISIBLE_DEVICES"


@dataclass(frozen=True)
class Place:
    """A place on this machine."""

    variables: Mapping[str, str] = field(default_factory=dict)
    """Are added to the environment of the trial's process."""

    @property
    def program(self) -> Sequence[str]:
        """What Python is called with, before the arguments of `whet`."""
        return ("-m", "whet")

    def meaning(self, status: int) -> int:
        """Returns the exit status of `whet` where the program ended with `status`."""
        return status


@dataclass(frozen=True)
class NodePlace(Place):
    """A place on some node of a Ray cluster: a process here speaks for the trial's process there."""

    request: Request = field(kw_only=True)

    @property
    def program(self) -> Sequence[str]:
        """What Python is called with, before the arguments of `whet`."""
        return ("-m", cluster_request.PROGRAM, self.request.word())

    def meaning(self, status: int) -> int:
        """Returns the exit status of `whet` on the node, or `LOST` or `UNUSABLE`, or as where it is killed."""
        return cluster_request.meaning(status)


def places_here(count: int, processes: int, environment: Mapping[str, str] = os.environ) -> list[Place]:
    """Returns places for `count` trials at once on this machine, which have so many `processes` each.

    A trial alone has the machine. Threads that the user has set stay. GPUs are divided evenly among trials; where there
    are fewer of them than trials, several share one.
    """
    if count == 1:
        return [Place()]
    threads = {} if THREADS in environment else {THREADS: str(max(1, len(cores()) // (count * processes)))}
    there = _gpus(environment)
    return [Place(threads | _own(slot, count, there)) for slot in range(count)]


@dataclass(frozen=True)
class Cluster:
    """A Ray cluster that trials run on, and what each takes of it."""

    address: str
    """`auto`, or HOST:PORT of its head."""
    cpus: int = 1
    gpus: int | None = None
    """None is one where the cluster has any, else none."""

    def places(self, count: int, processes: int, folder: Path) -> list[Place]:
        """Returns places for `count` trials at once, which have so many `processes` each and wait for room.

        `folder` is the sweep's, which the nodes must see.
        """
        threads = max(1, self.cpus // processes)
        request = Request(self.address, self.cpus, self.gpus, threads, str(folder.resolve()))
        return [NodePlace(request=request) for _ in range(count)]


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
