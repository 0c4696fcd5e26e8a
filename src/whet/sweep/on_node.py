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
from tempfile import mkstemp
from typing import Any

from whet.errors import INTERRUPTED, ProcessLost, UserError
from whet.sweep.cluster_request import LOST, SHIFT, UNUSABLE, WORDS, Request

EVERY = 0.5
"""Seconds between two looks at the process."""

LEAVING = 15.0
"""Seconds within which a node that has left is known to have: its actors are lost before."""


class LostError(Exception):
    """The process on the node is lost: by its own fault perhaps (`INTERRUPTED`), or with the node (`LOST`)."""

    def __init__(self, status: int, why: str) -> None:
        super().__init__(why)
        self.status = status


class OnNode:
    """An actor on a node that starts `whet`, and what is asked of it."""

    def __init__(self, ray: Any, request: Request, refuse_lost_head: Callable[[], None]) -> None:
        """Waits for room. Raises `UserError` where no node has it, busy or not, or the node is not as this machine."""
        from whet.rollout.ray_name import refuse_other_version
        from whet.sweep.node_process import NodeProcess

        self._ray, self._refuse_lost_head = ray, refuse_lost_head
        self.interrupted, self._node = False, ""
        self.host = "a node"
        signal.signal(signal.SIGINT, self._note)
        nodes = [node for node in ray.nodes() if node["Alive"]]
        self.gpus = gpus_of(request, nodes)
        refuse_no_room(request.cpus, self.gpus, nodes)
        options = {"max_restarts": 0, "max_task_retries": 0, "max_concurrency": 1}
        self._actor = ray.remote(num_cpus=request.cpus, num_gpus=self.gpus, **options)(NodeProcess).remote()
        name, self._node = self.ask("about")
        self.host = name.host
        refuse_other_version(name, "--ray")
        self._refuse_other_folder(request.folder)

    def run(self, arguments: Sequence[str], folder: str, variables: Mapping[str, str]) -> tuple[int, str]:
        """Runs `whet` in a folder to its end, however long that takes; returns its exit status and what it said."""
        self.ask("start", arguments, folder, variables)
        passed_on = False
        while (ended := self.ask("poll")) is None:
            if self.interrupted and not passed_on:
                passed_on = True
                self.ask("interrupt")
            time.sleep(EVERY)
        if ended.status < 0:
            raise LostError(
                INTERRUPTED, f"its process on {self.host} was ended by {signal.Signals(-ended.status).name}"
            )
        return ended.status, ended.said

    def ask(self, method: str, *arguments: Any) -> Any:
        """Calls a method of the actor, and returns its answer.

        Raises `LostError` where the actor is gone, `ProcessLost` where the head is, and `UserError` as it did there.
        """
        handle = getattr(self._actor, method).remote(*arguments)
        while not self._ray.wait([handle], num_returns=1, timeout=EVERY)[0]:
            self._refuse_lost_head()
            if self.interrupted and not self._node:
                raise LostError(INTERRUPTED, "interrupted")  # it waits for room
        try:
            return self._ray.get(handle)
        except self._ray.exceptions.RayError as error:
            if isinstance(cause := getattr(error, "cause", None), UserError):
                raise UserError(str(cause)) from error
            raise self._lost(error) from error

    def _lost(self, error: Exception) -> LostError:
        from whet.rollout.ray_start import what_ray_says

        if self._has_left():
            return LostError(LOST, f"{self.host} has left the Ray cluster")
        return LostError(INTERRUPTED, f"its process on {self.host} was lost ({what_ray_says(error)})")

    def _has_left(self) -> bool:
        """Whether the node of the actor is gone, which is known a moment after the actor is."""
        until = time.monotonic() + LEAVING
        while self._node and time.monotonic() < until:
            if not any(node["Alive"] for node in self._ray.nodes() if node["NodeID"] == self._node):
                return True
            time.sleep(EVERY)
        return False

    def _refuse_other_folder(self, folder: str) -> None:
        """Raises `UserError` where the node and this machine do not see each other's files in a folder."""
        from whet.sweep.node_process import ANSWER, seen

        descriptor, path = mkstemp(prefix=".seen.", suffix=".tmp", dir=folder)
        os.close(descriptor)
        try:
            if self.ask("sees", path) and seen(Path(path + ANSWER)):
                return
        finally:
            Path(path).unlink()
            Path(path + ANSWER).unlink(missing_ok=True)
        fix = "name a folder with --into that is on a file system of all machines"
        raise UserError(f"--ray: {self.host} and this machine do not see the same files in {folder}; {fix}")

    def _note(self, *_: object) -> None:
        self.interrupted = True


def gpus_of(request: Request, nodes: Sequence[Mapping[str, Any]]) -> int:
    """Returns the GPUs of a trial: those asked for, else one where the cluster has any."""
    if request.gpus is not None:
        return request.gpus
    return int(any(node["Resources"].get("GPU", 0) for node in nodes))


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
    from whet.rollout.ray_head import Head
    from whet.rollout.ray_start import join_ray

    try:
        join_ray(request.address, "--ray", "leave --ray away")
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
    """Runs `whet` with the arguments after those of a `Request`."""
    from whet.compute.launch import end_with_launcher

    end_with_launcher()
    status, said = _ran(Request.of(sys.argv[1 : 1 + WORDS]), sys.argv[1 + WORDS :])
    sys.stderr.write(f"{said}\n")
    return status


if __name__ == "__main__":
    sys.exit(main())
