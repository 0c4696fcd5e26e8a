"""A process that answers requests, never for longer than a limit: the run's side of it."""

import json
import os
import struct
import subprocess
import sys
import weakref
from contextlib import suppress
from dataclasses import dataclass
from socket import SHUT_RDWR, socket, socketpair
from threading import Lock
from typing import Any, Literal, NamedTuple

LOADING = 120.0
"""Seconds that a worker may take to get ready, unless it is told otherwise."""

LENGTH = struct.Struct("<Q")
"""Bytes of the message that follows."""

LIMIT = struct.Struct("<d")
"""Seconds that a request may take; stands before it."""

_SLACK = 30.0
"""Seconds beyond all limits after which the supervisor itself is taken to hang."""

_START = "import json, sys; sys.path[:] = json.loads(sys.argv[1]); from whet.workers.supervisor import main; main()"
"""What a supervisor runs: it finds modules where the run does."""


def send(to: socket, message: bytes) -> None:
    """Sends a message whole, its length before it. Raises `OSError` where nobody can receive it any more."""
    to.sendall(LENGTH.pack(len(message)) + message)


def receive(source: socket) -> bytes:
    """Waits for the next message. Raises `EOFError` or `OSError` where none will come."""
    return _exactly(source, LENGTH.unpack(_exactly(source, LENGTH.size))[0])


def _exactly(source: socket, count: int) -> bytes:
    received = bytearray()
    while len(received) < count:
        some = source.recv(min(count - len(received), 1 << 20))
        if not some:
            raise EOFError("the other side has closed")
        received += some
    return bytes(received)


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of a request: the answer, or why there is none."""

    fate: Literal["answered", "late", "died", "refused"]
    """`refused`: the worker could not be made ready."""
    answer: bytes = b""
    what: str = ""
    """Why there is no answer, as the end of a sentence: `took longer than 5 s and was stopped`."""
    printed: str = ""
    """The beginning of what was printed meanwhile."""


class _Supervisor(NamedTuple):
    """A supervisor's process."""

    process: subprocess.Popen[bytes]
    ours: socket
    """Our end of its socket."""
    end: Any
    """Ends it; called at the end of the run too."""


class Worker:
    """A process that answers requests, one at a time. It starts when first asked and, once killed, when asked again.

    Args:
        service: `module:function`, which makes what answers from `setup`: `whet.workers.supervisor.Service`.
        setup: anything that JSON carries.
        preload: make the service once for all workers to come, outside of any limit; only where that runs no
            foreign code.
        loading: seconds that a worker may take to get ready.
    """

    def __init__(self, service: str, setup: Any = None, *, preload: bool = False, loading: float = LOADING) -> None:
        self._job = {"service": service, "setup": setup, "preload": preload, "loading": loading}
        self._loading = loading
        self._supervisor: _Supervisor | None = None
        self._turn = Lock()

    @property
    def supervisor(self) -> int | None:
        """The process id of the supervisor, while there is one."""
        return self._supervisor.process.pid if self._supervisor else None

    def ask(self, request: bytes, limit: float) -> Outcome:
        """What becomes of a request that may take `limit` seconds, in which the worker's start does not count."""
        with self._turn:
            current, is_new = self._supervisor, self._supervisor is None
            try:
                current = current or self._start()
                current.ours.settimeout(limit + self._loading + _SLACK)
                send(current.ours, LIMIT.pack(limit) + request)
                head = json.loads(receive(current.ours))
                return Outcome(answer=receive(current.ours), **head)
            except (EOFError, OSError) as error:
                is_wanted = current is None or self._supervisor is current  # or else somebody has closed it meanwhile
                words = self._drop() or str(error)
                if is_new or not is_wanted:
                    return Outcome("died", what=f"lost its process ({words})")
            except BaseException:  # an interrupt: the answer that is under way must not answer the next request
                self._drop()
                raise
        return self.ask(request, limit)  # it was killed while idle: once more with a new one

    def close(self) -> None:
        """Ends the process and all that it started. Whoever waits for an answer gets none; the next request starts
        another."""
        self._drop()

    def _drop(self) -> str:
        """Ends the supervisor, if there is one; returns its last words."""
        current, self._supervisor = self._supervisor, None
        return (current and current.end()) or ""

    def _start(self) -> _Supervisor:
        ours, theirs = socketpair()
        with theirs:
            words = [sys.executable, "-c", _START, json.dumps([*map(str, sys.path)])]
            process = subprocess.Popen(
                words, stdin=theirs.fileno(), stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, start_new_session=True
            )
        end = weakref.finalize(self, _end, process, ours, os.getpid())
        self._supervisor = _Supervisor(process, ours, end)
        send(ours, json.dumps(self._job).encode())
        return self._supervisor


def _end(process: subprocess.Popen[bytes], ours: socket, owner: int) -> str:
    """Closes the socket, whereupon a supervisor ends, and its worker before it. Returns what it complained of last."""
    if os.getpid() != owner:  # a fork of the run
        return ""
    with suppress(OSError):
        ours.shutdown(SHUT_RDWR)  # wakes up a thread that waits for an answer
    ours.close()
    try:
        process.wait(timeout=2.0)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
    assert process.stderr is not None  # it was asked for
    with process.stderr as said:
        os.set_blocking(said.fileno(), False)
        return (said.read() or b"").decode(errors="replace").strip().rpartition("\n")[2]
