"""Who the processes of a run are, and which of them are gone: for messages."""

import os
import socket
from dataclasses import dataclass
from typing import Self


@dataclass(frozen=True, slots=True)
class Member:
    """One process of a run."""

    rank: int
    host: str
    pid: int

    @classmethod
    def this(cls) -> Self:
        """Returns the process that asks, with torchrun's rank."""
        return cls(int(os.environ.get("RANK", "0")), socket.gethostname(), os.getpid())

    def __str__(self) -> str:
        return f"process {self.rank} (pid {self.pid} on {self.host})"

    @property
    def is_gone(self) -> bool:
        """Whether it is known to have ended: it ran on this machine, and runs no more."""
        return self._status() in ("", "zombie")

    @property
    def is_stopped(self) -> bool:
        """Whether it is known to be stopped, as by SIGSTOP, on this machine."""
        return self._status() == "stopped"

    def _status(self) -> str | None:
        """The system's word for what it does; empty where it runs no more, None where it is on another machine."""
        import psutil

        if self.host != socket.gethostname():
            return None
        try:
            return str(psutil.Process(self.pid).status())
        except psutil.NoSuchProcess:
            return ""
