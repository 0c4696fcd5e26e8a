"""The supervisor's process: forks the worker, relays requests to it, and kills it with all it started when it is late.

It has one thread, since it forks, and no library loaded but those of a service that is preloaded.
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
"""What a worker does: from a request to its answer. What it raises ends the worker."""

READY = b""
"""The first message of a worker that is ready; of one that is not, the reason."""

KEPT = 4096
"""Bytes of what a worker prints that are kept for each request; the rest is read and dropped."""

TICK = 0.1
"""Seconds between two looks at whether worker and run still live, should a fork of either hold its socket open."""

GRACE = 0.2
"""Seconds in which a worker that has closed its socket may end by itself, so that its exit status can be told."""

_SIGNAL_AT_PARENTS_DEATH = 1
"""`PR_SET_PDEATHSIG` of Linux."""


class RunEndedError(Exception):
    """The run that asked is there no more."""


class Child:
    """A worker process, forked from this one, as the supervisor sees it.

    Args:
        make: makes its service, in the worker.
        run: the socket to the run; the worker has no part in it.
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
        self._heard = bytearray()

    @property
    def printed(self) -> str:
        """The beginning of what it printed since the last request."""
        return self._heard.decode("utf-8", "replace")

    @property
    def outputs(self) -> list[int]:
        """The file descriptors that become readable when it prints; none once it has closed its output."""
        return [self._output] if self._output >= 0 else []

    def listen(self) -> None:
        """Reads a piece of what it prints, once some is there."""
        some = os.read(self._output, 1 << 16)
        self._heard += some[: KEPT - len(self._heard)]
        if not some:
            os.close(self._output)
            self._output = -1

    def exchange(self, request: bytes | None, limit: float) -> bytes:
        """Sends a request, if there is one, and waits at most `limit` seconds for a message in return.

        Raises:
            TimeoutError: none came in time.
            EOFError: the worker ended, or will say nothing more.
            RunEndedError: nobody waits for the answer any more.
        """
        deadline = time.monotonic() + limit
        self._heard.clear()
        try:
            if request is not None:
                self._socket.settimeout(max(limit, 0.001))  # a worker that was stopped does not read
                send(self._socket, request)
            while (left := deadline - time.monotonic()) > 0:
                sources: list[socket | int] = [self._run, self._socket, *self.outputs]
                readable, _, _ = select.select(sources, [], [], min(left, TICK))
                if self._run in readable:  # it never speaks while it waits, so this is its end
                    raise RunEndedError
                if self._output in readable:
                    self.listen()
                if self._socket in readable:
                    self._socket.settimeout(left)
                    answer = receive(self._socket)
                    self._hear_the_rest()
                    return answer
                if not readable and self._has_ended():
                    raise EOFError
        except (BrokenPipeError, ConnectionResetError):
            raise EOFError from None
        raise TimeoutError

    def _hear_the_rest(self) -> None:
        """Reads what was printed so far; no more than a pipe holds, should it go on printing."""
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
        """Kills the worker and all that it started, unless it ends by itself within `grace` seconds; says how it
        ended: `with exit code 3`, `by SIGSEGV`."""
        deadline = time.monotonic() + grace
        while not self._has_ended() and time.monotonic() < deadline:
            time.sleep(0.005)
        # The group outlives its leader. The leader has none yet right after the fork; once reaped, its pid is free.
        for kill in (os.killpg, os.kill) if self._status is None else (os.killpg,):
            with suppress(ProcessLookupError, PermissionError):
                kill(self.pid, signal.SIGKILL)
        if self._status is None:
            self._status = os.waitpid(self.pid, 0)[1]
        self._hear_the_rest()
        self._socket.close()
        for output in self.outputs:
            os.close(output)
        code = os.waitstatus_to_exitcode(self._status)
        return f"with exit code {code}" if code >= 0 else f"by {signal.Signals(-code).name}"


class Supervisor:
    """Answers a run's requests through a worker, which is made when first asked for, and again after its end.

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
        """Answers until the run has ended or closes its socket. The worker does not outlive this."""
        try:
            while self._is_asked():
                request = receive(self._run)
                outcome = self._outcome(request[LIMIT.size :], *LIMIT.unpack_from(request))
                head = {"fate": outcome.fate, "what": outcome.what, "printed": outcome.printed}
                send(self._run, json.dumps(head).encode())
                send(self._run, outcome.answer)
        except (RunEndedError, EOFError, OSError):
            return
        finally:
            self._end()

    def _is_asked(self) -> bool:
        """Waits for a request or the end of the run. What the worker prints meanwhile is dropped."""
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
    """The rest of the life of a forked process: all that it prints goes to `into`."""
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
    except BaseException:  # whatever it was, its traceback is what the worker printed last
        traceback.print_exc()
    finally:
        os._exit(code)


def die_with(parent: int) -> None:
    """Has the kernel kill this process as soon as its parent ends. Where it cannot, the end of the socket must do."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_SIGNAL_AT_PARENTS_DEATH, int(signal.SIGKILL))
    if os.getppid() != parent:  # it ended before
        os._exit(1)


def _answer_requests(supervisor: socket, make: Callable[[], Service]) -> None:
    """Says that it is ready, or why it is not, and answers request after request.

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
    """In one line; what the user must fix is said in its own words."""
    text = str(error) if isinstance(error, UserError) else f"{type(error).__name__}: {error}"
    return " ".join(text.split())[:500] or type(error).__name__


def main() -> None:
    """The life of a supervisor: standard input is the socket to its run, whose first message is the worker's job."""
    run = socket(fileno=os.dup(0))
    null = os.open(os.devnull, os.O_RDONLY)
    os.dup2(null, 0)
    os.close(null)
    with suppress(EOFError, OSError), run:
        Supervisor(run, **json.loads(receive(run))).serve()
