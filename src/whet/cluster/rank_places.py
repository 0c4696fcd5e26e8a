"""Which places the processes of a run take on a Ray cluster, and what each of them is told of the others."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any

from whet.cluster.node_actor import gpus_of
from whet.cluster.node_process import Whereabouts
from whet.compute.launch import threads, variables
from whet.errors import UserError


@dataclass(frozen=True)
class RanksRequest:
    """Which cluster, and what of it the processes of a run take."""

    address: str
    count: int
    """Processes."""
    cpus: int
    gpus: int | None
    """Of each process; None is one GPU where the cluster has any, else none."""
    folder: str
    """That the nodes must see: the run's, or the one in which it will be."""
    columns: int | None = None
    """Of the terminal that is written to; None where there is none."""

    def word(self) -> str:
        """Returns it as an argument of a program."""
        return json.dumps(asdict(self))

    @classmethod
    def of(cls, word: str) -> "RanksRequest":
        """Reads it from such an argument.

        >>> RanksRequest.of(RanksRequest("auto", 4, 2, None, "/runs").word())
        RanksRequest(address='auto', count=4, cpus=2, gpus=None, folder='/runs', columns=None)
        """
        return cls(**json.loads(word))

    def on(self, nodes: Sequence[Mapping[str, Any]]) -> "RanksRequest":
        """Returns it with the number of GPUs that each process has on a cluster of these nodes."""
        return replace(self, gpus=gpus_of(self.gpus, nodes))


def strategy(request: RanksRequest, nodes: Sequence[Mapping[str, Any]]) -> str:
    """Returns how Ray is to place the processes: all on one node where one is large enough, busy or not.

    Raises `UserError` where the nodes have no room for them.
    """
    room = [_room(node["Resources"], request) for node in nodes]
    if sum(room) < request.count:
        each = f"{request.cpus} CPUs and {request.gpus} GPUs"
        what = f"is {request.count}, of {each} each, but the nodes of the Ray cluster have room for {sum(room)}"
        raise UserError(f"compute.processes: {what}; lower it, or compute.ray.cpus or compute.ray.gpus")
    return "STRICT_PACK" if max(room) >= request.count else "PACK"


def what_is_awaited(request: RanksRequest, how: str) -> str:
    """Returns what a run waits for that is placed by this strategy of Ray, and why free cores elsewhere do not do.

    >>> what_is_awaited(RanksRequest("auto", 4, 2, 0, "/runs"), "PACK")
    'waiting until the Ray cluster has room for 4 processes of 2 CPUs and 0 GPUs each'
    """
    room = f"room for {request.count} processes of {request.cpus} CPUs and {request.gpus} GPUs each"
    if how != "STRICT_PACK":
        return f"waiting until the Ray cluster has {room}"
    why = "they are not spread over nodes where one is large enough for all, busy or not"
    return f"waiting until one node of the Ray cluster has {room}: {why}"


def _room(resources: Mapping[str, float], request: RanksRequest) -> int:
    wanted = {"CPU": request.cpus, "GPU": request.gpus or 0}
    return min(int(resources.get(what, 0) // each) for what, each in wanted.items() if each)


def by_node(there: Sequence[Whereabouts]) -> list[int]:
    """Returns the places in another order: those of a node one after another, nodes as they come."""
    nodes = list(dict.fromkeys(one.node for one in there))
    return sorted(range(len(there)), key=lambda place: nodes.index(there[place].node))


def environments(there: Sequence[Whereabouts], port: int, request: RanksRequest) -> list[dict[str, str]]:
    """Returns what is added to the environment of each process, by rank.

    A process sees the GPUs of all that are on its node, as under torchrun, and `LOCAL_RANK` is the number of its own.
    """
    return [_environment(rank, there, port, request) for rank in range(len(there))]


def _environment(rank: int, there: Sequence[Whereabouts], port: int, request: RanksRequest) -> dict[str, str]:
    own = there[rank]
    beside = [number for number, one in enumerate(there) if one.node == own.node]
    gpus = [gpu for number in beside for gpu in there[number].gpus]
    told = variables(rank, len(there), beside.index(rank), len(beside), there[0].address, port)
    told |= {"OMP_NUM_THREADS": threads(request.cpus), "CUDA_VISIBLE_DEVICES": ",".join(gpus)}
    if own.interface:  # gloo takes the one that the host's name has, which may be the loopback
        told["GLOO_SOCKET_IFNAME"] = own.interface
    if request.columns:
        told["COLUMNS"] = str(request.columns)
    return told
