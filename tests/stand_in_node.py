"""Stands in for the actor on a node that starts `whet` there: a process that ends after so many looks."""

import os
import signal
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from whet.cluster.node_process import ANSWER, Looked, Whereabouts
from whet.cluster.ray_name import WorkerName, own_name


def a_node(name: str = "n1", cpus: float = 2, gpus: float = 0, alive: bool = True) -> dict[str, Any]:
    """A row of `ray.nodes()`."""
    return {"NodeID": name, "Alive": alive, "Resources": {"CPU": cpus} | ({"GPU": gpus} if gpus else {})}


class StandInNode:
    """Plays `NodeProcess`: says `says` at its first look, and ends with `status` at the look after `looks` others."""

    def __init__(self, node: str = "n1", status: int = 0, looks: int = 1, gpus: Sequence[str] = ()) -> None:
        self.node, self.status, self.looks, self.gpus = node, status, looks, gpus
        self.name: WorkerName = WorkerName(own_name().version, os.getpid(), f"host-{node}")
        self.says, self.complains = b"", b""
        self.is_blind = self.is_elsewhere = False
        self.lost: Exception | None = None
        """Raised at the last look."""
        self.folders: list[str] = []
        self.seen: list[str] = []
        self.started: list[tuple[Sequence[str], Mapping[str, str]]] = []
        self.keeps_output = True
        self.signals: list[int] = []
        self.heeds = (signal.SIGINT, signal.SIGTERM, signal.SIGKILL)
        """Signals that end it."""

    def whereabouts(self) -> Whereabouts:
        return Whereabouts(self.name, self.node, f"10.0.0.{self.node[1:]}", f"eth{self.node[1:]}", self.gpus)

    def free_port(self) -> int:
        return 4242

    def enter(self, folder: str) -> bool:
        self.folders.append(folder)
        return not self.is_elsewhere

    def sees(self, path: str) -> bool:
        self.seen.append(path)
        if not self.is_blind:
            Path(path + ANSWER).touch()
        return not self.is_blind

    def start(self, arguments: Sequence[str], variables: Mapping[str, str], keep_output: bool = True) -> None:
        self.keeps_output = keep_output
        self.started.append((arguments, variables))

    def send_signal(self, number: int) -> None:
        self.signals.append(number)

    def interrupt(self) -> None:
        self.send_signal(signal.SIGINT)

    def poll(self) -> Looked:
        self.looks -= 1
        said, complained, self.says, self.complains = self.says, self.complains, b"", b""
        heard = [number for number in self.signals if number in self.heeds]
        if self.looks >= 0 and not heard:
            return Looked(None, said, complained)
        if self.lost:
            raise self.lost
        status = 75 if heard and heard[-1] != signal.SIGKILL else -signal.SIGKILL if heard else self.status
        return Looked(status, said, complained)
