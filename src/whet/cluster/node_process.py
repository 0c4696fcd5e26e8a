"""A `whet` on a node of a Ray cluster, started and looked at by an actor there."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryFile
from typing import IO

from whet.cluster.ray_name import WorkerName, own_name
from whet.compute.launch import LAUNCHER, SIGNALS, free_port

PATIENCE = 5.0
"""Seconds until a file that another machine wrote must be seen: network file systems remember what was not there."""

ANSWER = ".answer"
"""Is put after the name of the file that an actor is asked to see, for the one that it writes."""

MOST = 1 << 20
"""Bytes of each stream that one look takes along."""


@dataclass(frozen=True, slots=True)
class Whereabouts:
    """Where an actor lives, and what it has there."""

    name: WorkerName
    node: str
    """Ray's id of the node."""
    address: str
    """Where other nodes reach it."""
    interface: str
    """The network interface that has this address; empty where none has."""
    gpus: Sequence[str]
    """The GPUs that Ray has given to the actor, as `CUDA_VISIBLE_DEVICES` takes them."""


@dataclass(frozen=True, slots=True)
class Looked:
    """What one look at a process found."""

    status: int | None
    """Its exit status, negative for a signal that ended it; None while it runs or has said more than this."""
    out: bytes
    err: bytes
    """What it has written to standard output and to standard error since the look before."""


class NodeProcess:
    """Starts one process, in a session of its own, which ends when this one does."""

    def whereabouts(self) -> Whereabouts:
        """Returns where it lives."""
        import ray

        context, address = ray.get_runtime_context(), str(ray.util.get_node_ip_address())
        gpus = tuple(context.get_accelerator_ids().get("GPU", ()))
        return Whereabouts(own_name(), str(context.get_node_id()), address, interface_of(address), gpus)

    def free_port(self) -> int:
        """Returns a port of this node where nobody listens."""
        return free_port()

    def sees(self, path: str) -> bool:
        """Whether a file is there; then writes another beside it."""
        if not seen(Path(path)):
            return False
        Path(path + ANSWER).touch()
        return True

    def enter(self, folder: str) -> bool:
        """Makes a folder that of the process; returns whether it is there."""
        try:
            os.chdir(folder)
        except OSError:
            return False
        return True

    def start(self, arguments: Sequence[str], variables: Mapping[str, str], keep_output: bool = True) -> None:
        """Starts `whet` with arguments; `variables` are added to its environment.

        Its standard output is thrown away unless `keep_output`.
        """
        # files, not pipes: it may write on once nobody reads, and end by saving the step in hand
        self._out, self._err = Stream() if keep_output else None, Stream()
        blocked = signal.pthread_sigmask(signal.SIG_UNBLOCK, SIGNALS)  # Ray's processes block SIGINT, and theirs would
        try:
            self._process = subprocess.Popen(
                [sys.executable, "-P", "-m", "whet", *arguments],
                env={**os.environ, **variables, LAUNCHER: str(os.getpid())},
                stdin=subprocess.DEVNULL,
                stdout=self._out.file if self._out else subprocess.DEVNULL,
                stderr=self._err.file,
                start_new_session=True,
            )
        finally:
            signal.pthread_sigmask(signal.SIG_SETMASK, blocked)

    def poll(self) -> Looked:
        """Returns how it ended, and what it has written since the last time."""
        status = self._process.poll()
        out, err = self._out.more() if self._out else b"", self._err.more()
        return Looked(None if MOST in (len(out), len(err)) else status, out, err)

    def send_signal(self, number: int) -> None:
        """Sends it a signal, while it runs."""
        self._process.send_signal(number)

    def interrupt(self) -> None:
        """Stops it as Ctrl-C does."""
        self.send_signal(signal.SIGINT)


class Stream:
    """A file without a name that a process writes to, and that is read beside it."""

    def __init__(self) -> None:
        self.file: IO[bytes] = TemporaryFile()  # noqa: SIM115  (as long as the process)
        self._read = 0

    def more(self) -> bytes:
        """Returns what was written since the last time, `MOST` bytes at most."""
        found = os.pread(self.file.fileno(), MOST, self._read)  # leaves the place alone where the process writes
        self._read += len(found)
        return found


def interface_of(address: str) -> str:
    """Returns the name of the network interface of this machine with an address; empty where none has it."""
    import psutil

    there = psutil.net_if_addrs().items()
    return next((name for name, found in there if address in [one.address for one in found]), "")


def seen(path: Path) -> bool:
    """Waits for a file, a few seconds at most; returns whether it is there."""
    until = time.monotonic() + PATIENCE
    while not path.exists() and time.monotonic() < until:
        time.sleep(0.1)
    return path.exists()
