"""A Ray cluster as the run sees it: asked through the keeper, a process of its own that may be lost."""

import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass, replace
from multiprocessing.connection import Connection
from socket import socketpair
from tempfile import TemporaryFile
from threading import Lock
from typing import Any

from whet.errors import ProcessLost, UserError
from whet.rollout.policy_state import PolicyState
from whet.rollout.ray_drawing import WorkerLostError
from whet.rollout.ray_keeper import ANSWERED, ENDED, LOST, WRONG
from whet.text import one_line

GRACE = 30.0
"""Seconds that the keeper has to end the cluster before it is killed."""

GONE = "Ray has ended on this machine (its keeper, pid {pid}, is gone): once a cluster is there again, resume the run"


@dataclass(frozen=True, slots=True)
class Stored:
    """Something that the cluster has stored."""

    handle: int


class KeptCluster:
    """Plays `Cluster`."""

    def __init__(self, *arguments: Any, module: str = "whet.rollout.ray_keeper") -> None:
        """Starts the keeper, a Python module, which makes the cluster of `arguments`. Raises what that raises."""
        ours, theirs = socketpair()
        self._said = TemporaryFile()  # noqa: SIM115  (as long as the keeper)
        with theirs:
            number = theirs.fileno()
            self._process = subprocess.Popen(
                [sys.executable, "-P", "-m", module, str(number)],
                pass_fds=[number],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=self._said,
                start_new_session=True,  # Ctrl-C is for the run, which ends the cluster when it has saved
            )
        self._pipe, self._lock, self._stored = Connection(ours.detach()), Lock(), set[int]()
        try:
            self.workers: Sequence[int] = range(self._call("join", *arguments))
        except ProcessLost as error:
            self.close()
            what = f"is ray, which does not start on this machine ({self._last_words()})"
            raise UserError(f"rollout.engine: {what}; set it to native") from error
        except BaseException:
            self.close()
            raise

    def put(self, state: PolicyState) -> Stored:
        """Stores an object once for all workers; what was stored before is forgotten."""
        self._call("refuse_lost_head")
        while self._stored:
            self._call("drop", self._stored.pop())
        handle = self._call("put", replace(state, data=None), state.data.nbytes, data=state.data)
        self._stored.add(handle)
        return Stored(handle)

    def ask(self, worker: int, method: str, *arguments: Any) -> int:
        """Calls a method of a worker, and returns a handle of the answer."""
        plain = tuple(one.handle if isinstance(one, Stored) else one for one in arguments)
        stored = next((place for place, one in enumerate(arguments) if isinstance(one, Stored)), None)
        handle: int = self._call("ask", worker, method, plain, stored)
        return handle

    def answered(self, handles: Sequence[int], seconds: float) -> list[int]:
        """Returns handles that have an answer, after waiting for one so long at most."""
        ready: list[int] = self._call("answered", list(handles), seconds)
        return ready

    def answer(self, handle: int) -> Any:
        """Returns an answer. Raises what the worker raised, and `WorkerLostError` where it ended."""
        return self._call("answer", handle)

    def know(self, worker: int, name: Any) -> None:
        """Takes the name that a worker has told of itself."""
        self._call("know", worker, name)

    def name(self, worker: int) -> str:
        """Returns where a worker lives, or lived."""
        name: str = self._call("name", worker)
        return name

    def end(self, worker: int) -> None:
        """Ends the process of a worker, which is begun anew."""
        self._call("end", worker)

    def refuse_lost_head(self) -> None:
        """Raises `ProcessLost` where the head has not answered for a while, or the keeper is gone."""
        self._call("refuse_lost_head")

    def close(self) -> None:
        """Ends the workers, and the cluster where it was started for them."""
        self._pipe.close()
        try:
            self._process.wait(GRACE)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()

    def _last_words(self) -> str:
        """The last line that the keeper wrote on standard error."""
        self._said.seek(0)
        lines = self._said.read().decode(errors="replace").split("\n")
        return one_line(next((line for line in reversed(lines) if line.strip()), "without a word"))

    def _call(self, method: str, *arguments: Any, data: Any = None) -> Any:
        """What the keeper answers; raises what it tells."""
        with self._lock:
            try:
                self._pipe.send((method, *arguments))
                if data is not None:
                    self._pipe.send_bytes(data)
                kind, what, *more = self._pipe.recv()
            except (EOFError, OSError) as error:
                raise ProcessLost(GONE.format(pid=self._process.pid)) from error
            except BaseException:  # an interrupt: what comes next over the pipe would be the answer to this
                self._pipe.close()
                raise
        if kind == ANSWERED:
            return what
        raise _error(kind, what, *more)


def _error(kind: int, what: str, more: Any = None) -> BaseException:
    """The error that a keeper told of."""
    if kind == LOST:
        return WorkerLostError(what, more)
    if kind in (WRONG, ENDED):
        return {WRONG: UserError, ENDED: ProcessLost}[kind](what)
    error = RuntimeError(what)
    for note in more or ():
        error.add_note(note)
    return error
