"""The supervisor process: forks the worker, relays requests to it, and kills its process group on a timeout.

It has one thread, since it forks, and loads no library but those of a preloaded service.
"""

import ctypes
import json
import os
import select
import signal
import sys
import time
import traceback
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from importlib import import_module
from io import TextIOWrapper
from socket import socket, socketpair
from typing import Any, NoReturn

from whet.errors import UserError
from whet.workers.worker import LIMIT, Outcome, receive, send

Service = Callable[[bytes], bytes]
"""A worker's function from a request to its answer. What it raises ends the worker."""

READY = b""
"""The first message of a worker that is ready; of one that is not, the reason."""

KEPT = 4096
"""Bytes of a worker's output that are kept per request; the rest is read and dropped."""

TICK = 0.1
"""Seconds between checks that worker and run are alive: a fork of either may hold its socket open after its end."""

GRACE = 0.2
"""Seconds in which a worker that has closed its socket may end by itself, so that its exit status can be reported."""

_SIGNAL_AT_PARENTS_DEATH = 1
"""`PR_SET_PDEATHSIG` of Linux."""


class RunEndedError(Exception):
    """The run that sent the request has ended or closed its socket."""


class Child:
    """A worker process forked from the supervisor, with its socket and its output.

    Args:
        make: makes its service, in the worker.
        run: the socket to the run; closed in the worker.
    """

    def __init__(self, make: Callable[[], Service], run: socket) -> None:
        self._socket, theirs = socketpair()
        self._output, into = os.pipe()
        self._run, supervisor = run, os.getpid()
        self._status: int | None = None
        self.pid = os.fork()
        if not self.pid:
            for inherited in (run, self._socket):
                inherited.close()
            os.close(self._output)
            _become_worker(theirs, into, make, supervisor)
        theirs.close()
        os.close(into)
        self._printed = bytearray()

    @property
    def printed(self) -> str:
        """The first `KEPT` bytes of its output since the last request, as text."""
        return self._printed.decode("utf-8", "replace")

    @property
    def outputs(self) -> list[int]:
        """The read end of its output pipe; empty once that has been closed."""
        return [self._output] if self._output >= 0 else []

    def listen(self) -> None:
        """Reads a chunk of its output, waiting for one; closes the pipe at its end."""
        some = os.read(self._output, 1 << 16)
        self._printed += some[: KEPT - len(self._printed)]
        if not some:
            os.close(self._output)
            self._output = -1

    def exchange(self, request: bytes | None, limit: float) -> bytes:
        """Sends a request, if there is one, and returns the worker's next message, within `limit` seconds.

        Raises:
            TimeoutError: no message came in time.
            EOFError: the worker ended, or closed its socket.
            RunEndedError: the run no longer waits for the answer.
        """
        deadline = time.monotonic() + limit
        self._printed.clear()
        try:
            if request is not None:
                self._socket.settimeout(max(limit, 0.001))  # a worker under SIGSTOP does not read; 0 means non-blocking
                send(self._socket, request)
            while (left := deadline - time.monotonic()) > 0:
                sources: list[socket | int] = [self._run, self._socket, *self.outputs]
                readable, _, _ = select.select(sources, [], [], min(left, TICK))
                if self._run in readable:  # the run sends nothing while it waits, so this is the end of its socket
                    raise RunEndedError
                if self._output in readable:
                    self.listen()
                if self._socket in readable:
                    self._socket.settimeout(left)
                    answer = receive(self._socket)
                    self._drain_output()
                    return answer
                if not readable and self._has_ended():
                    raise EOFError
        except (BrokenPipeError, ConnectionResetError):
            raise EOFError from None
        raise TimeoutError

    def _drain_output(self) -> None:
        """Reads the output printed so far; at most 16 chunks of 64 KiB, should the worker go on printing."""
        for _ in range(16):
            if not (self.outputs and select.select(self.outputs, [], [], 0)[0]):
                return
            self.listen()

    def _has_ended(self) -> bool:
        if self._status is None:
            pid, status = os.waitpid(self.pid, os.WNOHANG)
            self._status = status if pid else None
        return self._status is not None

    def end(self, grace: float = 0.0) -> str:
        """Kills the worker's process group, once the worker has had `grace` seconds to end; returns how it ended:
        `with exit code 3`, `by SIGSEGV`."""
        deadline = time.monotonic() + grace
        while not self._has_ended() and time.monotonic() < deadline:
            time.sleep(0.005)
        # The group outlives its leader. The leader has none yet right after the fork; once reaped, its pid is free.
        for kill in (os.killpg, os.kill) if self._status is None else (os.killpg,):
            with suppress(ProcessLookupError, PermissionError):
                kill(self.pid, signal.SIGKILL)
        if self._status is None:
            self._status = os.waitpid(self.pid, 0)[1]
        self._drain_output()
        self._socket.close()
        for output in self.outputs:
            os.close(output)
        code = os.waitstatus_to_exitcode(self._status)
        return f"with exit code {code}" if code >= 0 else f"by {signal.Signals(-code).name}"


class Supervisor:
    """Answers a run's requests through a worker, which is forked for the first request and again after its end.

    Args as those of `whet.workers.worker.Worker`.
    """

    def __init__(self, run: socket, service: str, setup: Any, preload: bool, loading: float) -> None:
        self._run, self._loading, self._parent = run, loading, os.getppid()
        self._child: Child | None = None
        module, _, function = service.partition(":")
        self._make: Callable[[], Service] = partial(getattr(import_module(module), function), setup)
        if preload:
            made = self._make()
            self._make = lambda: made

    def serve(self) -> None:
        """Answers requests until the run ends or closes its socket, then ends the worker."""
        try:
            while self._wait_for_request():
                request = receive(self._run)
                outcome = self._outcome(request[LIMIT.size :], *LIMIT.unpack_from(request))
                head = {"fate": outcome.fate, "what": outcome.what, "printed": outcome.printed}
                send(self._run, json.dumps(head).encode())
                send(self._run, outcome.answer)
        except (RunEndedError, EOFError, OSError):
            return
        finally:
            self._end()

    def _wait_for_request(self) -> bool:
        """Waits for a request (True) or the end of the run (False). Drops what the worker prints meanwhile."""
        while os.getppid() == self._parent:
            sources: list[socket | int] = [self._run, *(self._child.outputs if self._child else [])]
            readable, _, _ = select.select(sources, [], [], TICK)
            if self._run in readable:
                return True
            if readable and self._child:
                self._child.listen()
        return False

    def _outcome(self, request: bytes, limit: float) -> Outcome:
        if self._child is None:
            try:
                self._child = Child(self._make, self._run)
            except OSError as error:
                return Outcome("refused", what=f"could not be started ({error.strerror})")
            started = self._ask(self._child, None, self._loading, " to load")
            if started.fate != "answered":
                return started
            if started.answer != READY:
                self._end()
                return Outcome("refused", what=started.answer.decode(), printed=started.printed)
        return self._ask(self._child, request, limit)

    def _ask(self, child: Child, request: bytes | None, limit: float, doing: str = "") -> Outcome:
        try:
            answer = child.exchange(request, limit)
        except TimeoutError:
            self._end()
            return Outcome("late", what=f"took longer than {limit:g} s{doing} and was stopped", printed=child.printed)
        except EOFError:
            how, while_loading = self._end(GRACE), ", while it was loaded" if doing else ""
            return Outcome("died", what=f"ended its process {how}{while_loading}", printed=child.printed)
        return Outcome("answered", answer, printed=child.printed)

    def _end(self, grace: float = 0.0) -> str:
        child, self._child = self._child, None
        return child.end(grace) if child else ""


def _become_worker(supervisor: socket, into: int, make: Callable[[], Service], parent: int) -> NoReturn:
    """Runs the worker in the forked process, its output redirected to `into`, and exits."""
    code = 1
    try:
        os.setsid()  # a group of its own, so that what it starts is killed with it
        die_with(parent)
        for stream in (sys.stdout, sys.stderr):
            if isinstance(stream, TextIOWrapper):
                stream.reconfigure(line_buffering=True, errors="backslashreplace")
        for standard in (1, 2):
            os.dup2(into, standard)
        os.close(into)
        with suppress(EOFError, OSError):
            _answer_requests(supervisor, make)
            code = 0
    except BaseException:  # the traceback ends the worker's output, which the outcome quotes
        traceback.print_exc()
    finally:
        os._exit(code)


def die_with(parent: int) -> None:
    """Has the kernel kill this process when its parent ends; elsewhere than on Linux the socket's end does that."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_SIGNAL_AT_PARENTS_DEATH, int(signal.SIGKILL))
    if os.getppid() != parent:  # the parent ended before prctl took effect
        os._exit(1)


def _answer_requests(supervisor: socket, make: Callable[[], Service]) -> None:
    """Sends `READY`, or why the service could not be made, then answers requests.

    Raises:
        EOFError, OSError: the supervisor is gone.
    """
    try:
        service = make()
    except (Exception, SystemExit) as error:
        send(supervisor, _reason(error).encode(errors="backslashreplace"))
        return
    send(supervisor, READY)
    while True:
        answer = service(receive(supervisor))
        sys.stdout.flush()
        sys.stderr.flush()
        send(supervisor, answer)


def _reason(error: BaseException) -> str:
    """Formats an error as one line; a `UserError` by its message alone."""
    text = str(error) if isinstance(error, UserError) else f"{type(error).__name__}: {error}"
    return " ".join(text.split())[:500] or type(error).__name__


def main() -> None:
    """Runs a supervisor. Standard input is the socket to its run, whose first message is the worker's job."""
    run = socket(fileno=os.dup(0))
    null = os.open(os.devnull, os.O_RDONLY)
    os.dup2(null, 0)
    os.close(null)
    with suppress(EOFError, OSError), run:
        Supervisor(run, **json.loads(receive(run))).serve()
