"""Runs the processes of a run on the nodes of a Ray cluster, for as long as this program runs here.

What they write it writes too, signals it passes on, and it ends with their exit status plus `SHIFT`: Ray ends processes
with statuses of its own. So whoever starts it needs nothing of Ray, and bears whatever Ray does.
"""

import os
import signal
import sys
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

from whet.cluster.rank_places import RanksRequest, by_node, environments, strategy, what_is_awaited
from whet.cluster.ray_start import SHIFT
from whet.compute.launch import SIGNALS, end_with_launcher, see_through
from whet.errors import INTERRUPTED, ProcessLost, UserError
from whet.text import first_line

EVERY = 0.2
"""Seconds between two looks at the processes."""

PATIENCE = 5.0
"""Seconds without room after which it is said that the processes wait for it."""

Log = Callable[[str], object]


class RankActors:
    """The actors that start the processes of a run, by rank."""

    def __init__(self, ray: Any, request: RanksRequest, look: Callable[[], None], log: Log) -> None:
        """Waits for room, and begins them. Raises `UserError` where there is none, busy or not.

        `look` is called while something is awaited, and raises what ends the wait.
        """
        nodes = [node for node in ray.nodes() if node["Alive"]]
        self.request = request.on(nodes)
        group = self._reserved(ray, strategy(self.request, nodes), look, log)
        actors = [self._actor(ray, group, place, look) for place in range(request.count)]
        asked = [actor.begin("whereabouts") for actor in actors]
        there = [self._met(actor, handle) for actor, handle in zip(actors, asked, strict=True)]
        order = by_node(there)
        self.actors, self.there = [actors[place] for place in order], [there[place] for place in order]

    def start(self, arguments: Sequence[str], folder: str) -> None:
        """Starts `whet` in a folder, everywhere. Raises `UserError` where nodes and this machine share no files."""
        for actor in self.actors:
            if not actor.ask("enter", folder):
                fix = "start the run in a folder that all machines share"
                raise UserError(f"compute.ray: {folder} is no folder on {actor.host}; {fix}")
        one_of_each = {one.node: actor for one, actor in zip(self.there, self.actors, strict=True)}
        for actor in one_of_each.values():
            fix = "set run.folder to one on a file system of all machines"
            actor.refuse_other_folder(self.request.folder, "compute.ray", fix)
        port = self.actors[0].ask("free_port")
        told = environments(self.there, port, self.request)
        started = [actor.begin("start", arguments, own) for actor, own in zip(self.actors, told, strict=True)]
        for actor, handle in zip(self.actors, started, strict=True):
            actor.answer(handle)

    def _reserved(self, ray: Any, how: str, look: Callable[[], None], log: Log) -> Any:
        """A placement group with room for all processes; waits until the cluster has it."""
        bundle = {"CPU": self.request.cpus} | ({"GPU": self.request.gpus} if self.request.gpus else {})
        group = ray.util.placement_group([bundle] * self.request.count, strategy=how)
        patience = time.monotonic() + PATIENCE
        while not group.wait(EVERY):
            look()
            if time.monotonic() > patience:
                log(what_is_awaited(self.request, how))
                patience = float("inf")
        return group

    def _actor(self, ray: Any, group: Any, place: int, look: Callable[[], None]) -> Any:
        from ray.util.scheduling_strategies import PlacementGroupSchedulingStrategy

        from whet.cluster.node_actor import NodeActor

        where = PlacementGroupSchedulingStrategy(group, placement_group_bundle_index=place)
        size = {"num_cpus": self.request.cpus, "num_gpus": self.request.gpus}
        return NodeActor.begun(ray, look, scheduling_strategy=where, **size)

    def _met(self, actor: Any, handle: Any) -> Any:
        from whet.cluster.node_actor import GoneError

        try:
            return actor.met(handle, "compute.ray.address")
        except GoneError as gone:
            fix = "install there what is installed here"
            raise UserError(f"compute.ray.address: a process does not begin there ({gone}); {fix}") from gone


def run(request: RanksRequest, arguments: Sequence[str], log: Log, write: Callable[[int, bytes], None]) -> int:
    """Joins the cluster and runs `whet` there; returns the exit status of all processes together."""
    from whet.cluster.ray_head import Head
    from whet.cluster.ray_start import join_as_program

    join_as_program(request.address, "compute.ray.address", "leave compute.ray out")
    _end_by_signals()  # Ray has taken some for itself
    import ray

    from whet.cluster.node_actor import GoneError
    from whet.cluster.rank_process import RankProcess

    head = Head(ray.get_runtime_context().gcs_address)
    try:
        ranks = RankActors(ray, request, head.refuse_lost, log)
        ranks.start(arguments, str(Path.cwd()))
    except GoneError as gone:
        raise ProcessLost(f"a node was lost before the run began there ({gone})") from gone
    started = [RankProcess(actor, write) for actor in ranks.actors]
    return see_through(started, log, EVERY, lambda: _reason(head.refuse_lost))


def _reason(look: Callable[[], None]) -> str:
    """Why the run cannot go on; empty where it can."""
    try:
        look()
    except ProcessLost as lost:
        return str(lost)
    return ""


def _outcome(request: RanksRequest, arguments: Sequence[str], log: Log, write: Callable[[int, bytes], None]) -> int:
    """As `run`; what is raised is said in a line, and is the exit status."""
    try:
        return run(request, arguments, log, write)
    except UserError as error:
        log(str(error))
        return 2
    except KeyboardInterrupt as interrupt:
        log(str(interrupt) or "interrupted")
        return INTERRUPTED
    except Exception as error:
        log(f"failed with {type(error).__name__}: {first_line(error)}")
        return 1


def _end_by_signals() -> None:
    """Has signals raise `KeyboardInterrupt`; one that is ignored stays ignored."""
    for number in SIGNALS:
        if signal.getsignal(number) != signal.SIG_IGN:
            signal.signal(number, signal.default_int_handler)


def _own_streams() -> Callable[[int, bytes], None]:
    """Returns what writes to the streams of this program, which from here on nobody else does: Ray prints, too."""
    kept = {number: os.dup(number) for number in (1, 2)}
    nowhere = os.open(os.devnull, os.O_WRONLY)
    for number in kept:
        os.dup2(nowhere, number)

    def write(number: int, said: bytes) -> None:
        with suppress(OSError):  # a terminal that is gone; the run goes on, or is stopped by SIGHUP
            while said:
                said = said[os.write(kept[number], said) :]

    return write


def main() -> int:
    """Runs `whet` with the arguments after a `RanksRequest`."""
    _end_by_signals()
    end_with_launcher()
    write = _own_streams()

    def log(text: str) -> None:
        write(2, f"whet: {text}\n".encode())

    return SHIFT + _outcome(RanksRequest.of(sys.argv[1]), sys.argv[2:], log, write)


if __name__ == "__main__":
    sys.exit(main())
