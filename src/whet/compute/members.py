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
        import psutil

        if self.host != socket.gethostname():
            return False
        try:
            return bool(psutil.Process(self.pid).status() == psutil.STATUS_ZOMBIE)
        except psutil.NoSuchProcess:
            return True
