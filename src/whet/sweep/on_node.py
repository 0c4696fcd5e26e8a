"""Runs `whet` on a node of a Ray cluster, for as long as this process runs here.

It passes Ctrl-C on, says the last line that was said there, and ends with the exit status from there plus `SHIFT`: Ray
ends processes with statuses of its own. So whoever starts it needs nothing of Ray, and bears whatever Ray does.
"""

import os
import signal
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from whet.cluster.ray_start import SHIFT
from whet.compute.launch import ended_by
from whet.errors import INTERRUPTED, ProcessLost, UserError
from whet.sweep.cluster_request import LOST, UNUSABLE, Request
from whet.sweep.run_trial import last_line

EVERY = 0.5
"""Seconds between two looks at the process."""

TAIL = 1 << 16
"""Bytes of what the process has said that are kept for its last line."""


class LostError(Exception):
    """The process on the node is lost: by its own fault perhaps (`INTERRUPTED`), or with the node (`LOST`)."""

    def __init__(self, status: int, why: str) -> None:
        super().__init__(why)
        self.status = status


class OnNode:
    """An actor on a node that starts `whet`, and what is asked of it."""

    def __init__(self, ray: Any, request: Request, refuse_lost_head: Callable[[], None]) -> None:
        """Waits for room. Raises `UserError` where no node has it, busy or not, or the node is not as this machine."""
        from whet.cluster.node_actor import NodeActor, gpus_of

        self._refuse_lost_head = refuse_lost_head
        self.interrupted = self._has_room = False
        signal.signal(signal.SIGINT, self._note)
        nodes = [node for node in ray.nodes() if node["Alive"]]
        self.gpus = gpus_of(request.gpus, nodes)
        refuse_no_room(request.cpus, self.gpus, nodes)
        self._node = NodeActor.begun(ray, self._look, num_cpus=request.cpus, num_gpus=self.gpus)
        self._asked(lambda: self._node.met(self._node.begin("whereabouts"), "--ray"))
        self._has_room = True
        fix = "name a folder with --into that is on a file system of all machines"
        self._asked(lambda: self._node.refuse_other_folder(request.folder, "--ray", fix))

    def run(self, arguments: Sequence[str], folder: str, variables: Mapping[str, str]) -> tuple[int, str]:
        """Runs `whet` in a folder to its end, however long that takes; returns its exit status and what it said."""
        if not self.ask("enter", folder):
            fix = "start the sweep in a folder that all machines share"
            raise UserError(f"--ray: {folder} is no folder on {self._node.host}; {fix}")
        self.ask("start", arguments, variables, False)  # of what it says only the last line of standard error counts
        passed_on, said = False, b""
        while (looked := self.ask("poll")).status is None:
            said = (said + looked.err)[-TAIL:]
            if self.interrupted and not passed_on:
                passed_on = True
                self.ask("interrupt")
            time.sleep(EVERY)
        if fate := ended_by(looked.status):
            raise LostError(INTERRUPTED, f"its process on {self._node.host} {fate}")
        return looked.status, last_line(said + looked.err)

    def ask(self, method: str, *arguments: Any) -> Any:
        """Calls a method of the actor, and returns its answer.

        Raises `LostError` where the actor is gone, and `ProcessLost` where the head is.
        """
        return self._asked(lambda: self._node.ask(method, *arguments))

    def _asked(self, work: Callable[[], Any]) -> Any:
        from whet.cluster.node_actor import GoneError

        try:
            return work()
        except GoneError as gone:
            if self._node.has_left():
                raise LostError(LOST, f"{self._node.host} has left the Ray cluster") from gone
            raise LostError(INTERRUPTED, f"its process on {self._node.host} was lost ({gone})") from gone

    def _look(self) -> None:
        """What may end the wait for an answer: the head is gone, or an interrupt comes before there is room."""
        self._refuse_lost_head()
        if self.interrupted and not self._has_room:
            raise LostError(INTERRUPTED, "interrupted")

    def _note(self, *_: object) -> None:
        self.interrupted = True


def refuse_no_room(cpus: int, gpus: int, nodes: Sequence[Mapping[str, Any]]) -> None:
    """Raises `UserError` where no node has so many CPUs and GPUs, busy or not."""
    wanted = {"CPU": cpus, "GPU": gpus}
    if any(all(node["Resources"].get(what, 0) >= count for what, count in wanted.items()) for node in nodes):
        return
    raise UserError(
        f"--ray: no node of the cluster has {cpus} CPUs and {gpus} GPUs for a trial; lower --cpus or --gpus"
    )


def _ran(request: Request, arguments: Sequence[str]) -> tuple[int, str]:
    """Joins the cluster and runs `whet` there; returns the exit status of this program, and what to say."""
    from whet.cluster.ray_head import Head
    from whet.cluster.ray_start import join_as_program

    try:
        join_as_program(request.address, "--ray", "leave --ray away")
        import ray

        there = OnNode(ray, request, Head(ray.get_runtime_context().gcs_address).refuse_lost)
        threads = {"OMP_NUM_THREADS": os.environ.get("OMP_NUM_THREADS", str(request.threads))}
        hidden = {} if there.gpus else {"CUDA_VISIBLE_DEVICES": ""}
        status, said = there.run(arguments, str(Path.cwd()), threads | hidden)
    except LostError as lost:
        return lost.status, str(lost)
    except (UserError, ProcessLost) as error:
        return UNUSABLE, str(error)
    return SHIFT + status, said


def main() -> int:
    """Runs `whet` with the arguments after a `Request`."""
    from whet.compute.launch import end_with_launcher

    end_with_launcher()
    status, said = _ran(Request.of(sys.argv[1]), sys.argv[2:])
    sys.stderr.write(f"{said}\n")
    return status


if __name__ == "__main__":
    sys.exit(main())
