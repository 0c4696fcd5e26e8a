"""Where a process of a Ray cluster lives, and that it has the same version of Whet."""

import os
import socket
from dataclasses import dataclass

from whet.errors import UserError


@dataclass(frozen=True, slots=True)
class WorkerName:
    """Where a worker lives, and with which version of Whet."""

    version: str
    pid: int
    host: str

    def __str__(self) -> str:
        return f"pid {self.pid} on {self.host}"


def own_name() -> WorkerName:
    """Returns where this process lives."""
    from whet import __version__

    return WorkerName(__version__, os.getpid(), socket.gethostname())


def refuse_other_version(name: WorkerName, key: str = "rollout.ray.address") -> None:
    """Raises `UserError` for a worker that has another version of Whet, whose tokens may be others.

    `key` is the setting that names the cluster.
    """
    from whet import __version__

    if name.version != __version__:
        what = f"a worker, {name}, has Whet {name.version}, this machine {__version__}"
        raise UserError(f"{key}: {what}; install the same")
