"""A `whet` on a node of a Ray cluster, started and looked at by an actor there."""

import os
import socket
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

from whet.errors import UserError
from whet.rollout.ray_name import WorkerName, own_name
from whet.sweep.run_trial import Ended, Running
from whet.sweep.trial_places import Place

PATIENCE = 5.0
"""Seconds until a file that another machine wrote must be seen: network file systems remember what was not there."""

ANSWER = ".answer"
"""Is put after the name of the file that an actor is asked to see, for the one that it writes."""


class NodeProcess:
    """Starts one process, in a session of its own, which ends when this one does."""

    running: Running

    def about(self) -> tuple[WorkerName, str]:
        """Returns where it lives, and Ray's id of that node."""
        import ray

        return own_name(), str(ray.get_runtime_context().get_node_id())

    def sees(self, path: str) -> bool:
        """Whether a file is there; then writes another beside it."""
        if not seen(Path(path)):
            return False
        Path(path + ANSWER).touch()
        return True

    def start(self, arguments: Sequence[str], folder: str, variables: Mapping[str, str]) -> None:
        """Starts `whet` in a folder. Raises `UserError` where that folder is not there."""
        try:
            os.chdir(folder)
        except OSError as error:
            fix = "start the sweep in a folder that all machines share"
            raise UserError(f"--ray: {folder} is no folder on {socket.gethostname()}; {fix}") from error
        self.running = Running(arguments, Place(variables))

    def poll(self) -> Ended | None:
        """Returns how it ended; None while it runs."""
        return self.running.poll()

    def interrupt(self) -> None:
        """Stops it as Ctrl-C does."""
        self.running.interrupt()


def seen(path: Path) -> bool:
    """Waits for a file, a few seconds at most; returns whether it is there."""
    until = time.monotonic() + PATIENCE
    while not path.exists() and time.monotonic() < until:
        time.sleep(0.1)
    return path.exists()
