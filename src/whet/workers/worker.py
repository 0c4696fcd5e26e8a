"""Client of a worker process that answers requests within a time limit."""

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
"""Default seconds that a worker may take to get ready."""

LENGTH = struct.Struct("<Q")
"""Header of a message: its length in bytes."""

LIMIT = struct.Struct("<d")
"""Header of a request: its time limit in seconds."""

_SLACK = 30.0
"""Seconds beyond all limits after which the supervisor itself counts as hanging."""

_START = "import json, sys; sys.path[:] = json.loads(sys.argv[1]); from whet.workers.supervisor import main; main()"
"""The supervisor's program, with the run's `sys.path`; `-P` keeps the working folder out of it until then."""


def send(to: socket, message: bytes) -> None:
    """Sends a message, its length before it. Raises `OSError` where the other side is gone."""
    to.sendall(LENGTH.pack(len(message)) + message)


def receive(source: socket) -> bytes:
    """Waits for the next message and returns it. Raises `EOFError` or `OSError` where none will come."""
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
    """The result of a request: the answer, or why there is none."""

    fate: Literal["answered", "late", "died", "refused"]
    """`refused`: the worker could not be made ready."""
    answer: bytes = b""
    what: str = ""
    """Why there is no answer, as the end of a sentence: `took longer than 5 s and was stopped`."""
    printed: str = ""
    """The beginning of the worker's output during the request."""


class _Supervisor(NamedTuple):
    """A supervisor process and its socket."""

    process: subprocess.Popen[bytes]
    ours: socket
    """Our end of its socket."""
    end: Any
    """A `weakref.finalize` that ends it; called at interpreter exit too."""


class Worker:
    """A process that answers requests, one at a time. A request starts it where it does not run.

    Args:
        service: `module:function`, which makes a `whet.workers.supervisor.Service` from `setup`.
        setup: any JSON value.
        preload: make the service once, in the supervisor, for all workers forked from it, without a time limit; only
            where that runs no foreign code.
        loading: seconds that a worker may take to get ready.
    """

    def __init__(self, service: str, setup: Any = None, *, preload: bool = False, loading: float = LOADING) -> None:
        self._job = {"service": service, "setup": setup, "preload": preload, "loading": loading}
        self._loading = loading
        self._supervisor: _Supervisor | None = None
        self._turn = Lock()

    @property
    def supervisor(self) -> int | None:
        """The process id of the supervisor; None while there is none."""
        return self._supervisor.process.pid if self._supervisor else None

    def ask(self, request: bytes, limit: float) -> Outcome:
        """Sends a request and waits at most `limit` seconds, the worker's start excluded; returns its outcome."""
        with self._turn:
            current, is_new = self._supervisor, self._supervisor is None
            try:
                current = current or self._start()
                current.ours.settimeout(limit + self._loading + _SLACK)
                send(current.ours, LIMIT.pack(limit) + request)
                head = json.loads(receive(current.ours))
                return Outcome(answer=receive(current.ours), **head)
            except (EOFError, OSError) as error:
                is_wanted = current is None or self._supervisor is current  # False: another thread called `close`
                reason = self._drop() or str(error)
                if is_new or not is_wanted:
                    return Outcome("died", what=f"lost its process ({reason})")
            except BaseException:  # an interrupt: this request's answer must not be read as the next one's
                self._drop()
                raise
        return self.ask(request, limit)  # the supervisor was killed while idle: retries with a new one

    def close(self) -> None:
        """Ends the process and all that it started. A waiting `ask` returns `died`; the next one starts another."""
        self._drop()

    def _drop(self) -> str:
        """Ends the supervisor, if there is one; returns the last line of its standard error."""
        current, self._supervisor = self._supervisor, None
        return (current and current.end()) or ""

    def _start(self) -> _Supervisor:
        ours, theirs = socketpair()
        with theirs:
            argv = [sys.executable, "-P", "-c", _START, json.dumps([*map(str, sys.path)])]
            process = subprocess.Popen(
                argv, stdin=theirs.fileno(), stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, start_new_session=True
            )
        end = weakref.finalize(self, _end, process, ours, os.getpid())
        self._supervisor = _Supervisor(process, ours, end)
        send(ours, json.dumps(self._job).encode())
        return self._supervisor


def _end(process: subprocess.Popen[bytes], ours: socket, owner: int) -> str:
    """Closes the socket, at which a supervisor ends its worker and itself. Returns its last line of standard error."""
    if os.getpid() != owner:  # a fork of the run does not own the supervisor
        return ""
    with suppress(OSError):
        ours.shutdown(SHUT_RDWR)  # wakes up a thread that waits for an answer
    ours.close()
    try:
        process.wait(timeout=2.0)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
    assert process.stderr is not None  # opened as a pipe
    with process.stderr as stderr:
        os.set_blocking(stderr.fileno(), False)  # a fork may hold the pipe open: reads what is there
        return (stderr.read() or b"").decode(errors="replace").strip().rpartition("\n")[2]
