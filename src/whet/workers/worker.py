"""The run's side: a worker that can be asked anything, and never for longer than a limit."""

import json
import os
import subprocess
import sys
import weakref
from contextlib import suppress
from dataclasses import asdict
from socket import SHUT_RDWR, socket, socketpair
from threading import Lock
from typing import Any, NamedTuple

from whet.workers.frames import receive, send
from whet.workers.keeper import LIMIT, Job
from whet.workers.outcome import Outcome

LOADING = 120.0
"""Seconds that a worker may take to get ready, unless it is told otherwise."""

_SLACK = 30.0
"""Seconds beyond all limits after which the keeper itself is taken to hang."""

_START = "import json, sys; sys.path[:] = json.loads(sys.argv[1]); from whet.workers.keeper import main; main()"
"""What a keeper runs: it finds modules where the run does."""


class _Link(NamedTuple):
    """A keeper under way."""

    process: subprocess.Popen[bytes]
    ours: socket
    """Our end of its socket."""
    end: Any
    """Ends it; called at the end of the run too."""


class Worker:
    """A process that answers requests, one at a time. It starts when first asked and, once killed, when asked again.

    Args:
        service: `module:function`, which makes what answers from `setup`: `whet.workers.service.Service`.
        setup: anything that JSON carries.
        preload: make the service once for all workers to come, outside of any limit; only where that runs no
            foreign code.
        loading: seconds that a worker may take to get ready.
    """

    def __init__(self, service: str, setup: Any = None, *, preload: bool = False, loading: float = LOADING) -> None:
        self._job = Job(service, setup, preload, loading)
        self._link: _Link | None = None
        self._turn = Lock()

    @property
    def keeper(self) -> int | None:
        """The process id of the keeper, while there is one."""
        return self._link.process.pid if self._link else None

    def ask(self, request: bytes, limit: float) -> Outcome:
        """What becomes of a request that may take `limit` seconds, in which the worker's start does not count."""
        with self._turn:
            link, is_new = self._link, self._link is None
            try:
                link = link or self._start()
                link.ours.settimeout(limit + self._job.loading + _SLACK)
                send(link.ours, LIMIT.pack(limit) + request)
                return Outcome.of(receive(link.ours), receive(link.ours))
            except (EOFError, OSError) as error:
                is_wanted = link is None or self._link is link  # or else somebody has closed it meanwhile
                words = self._drop() or str(error)
                if is_new or not is_wanted:
                    return Outcome("died", what=f"lost its process ({words})")
            except BaseException:
                self._drop()
                raise
        return self.ask(request, limit)

    def close(self) -> None:
        """Ends the process and all that it started. Whoever waits for an answer gets none; the next request starts
        another."""
        self._drop()

    def _drop(self) -> str:
        """Ends the keeper, if there is one; returns its last words."""
        link, self._link = self._link, None
        return (link and link.end()) or ""

    def _start(self) -> _Link:
        ours, theirs = socketpair()
        with theirs:
            words = [sys.executable, "-c", _START, json.dumps([*map(str, sys.path)])]
            process = subprocess.Popen(
                words, stdin=theirs.fileno(), stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, start_new_session=True
            )
        self._link = _Link(process, ours, weakref.finalize(self, _end, process, ours, os.getpid()))
        send(ours, json.dumps(asdict(self._job)).encode())
        return self._link


def _end(process: subprocess.Popen[bytes], link: socket, owner: int) -> str:
    """A keeper ends, and its worker before it, once the socket is closed. Returns what it complained of last."""
    if os.getpid() != owner:  # a fork of the run
        return ""
    with suppress(OSError):
        link.shutdown(SHUT_RDWR)  # wakes up a thread that waits for an answer
    link.close()
    try:
        process.wait(timeout=2.0)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
    assert process.stderr is not None  # it was asked for
    with process.stderr as said:
        os.set_blocking(said.fileno(), False)
        return (said.read() or b"").decode(errors="replace").strip().rpartition("\n")[2]
