"""A worker as its keeper sees it: forked, asked within a limit, heard, killed with all that it started."""

import os
import select
import signal
import sys
import time
import traceback
from collections.abc import Callable
from contextlib import suppress
from io import TextIOWrapper
from socket import socket, socketpair
from typing import NoReturn

from whet.workers.frames import Arriving
from whet.workers.service import Service, die_with, serve

KEPT = 4096
"""Bytes of what a worker prints that are kept for each request; the rest is read and let go."""

TICK = 0.1
"""Seconds between two looks at whether the worker still lives."""

PIECE = 1 << 16
"""Bytes that are read or written at once."""

GRACE = 0.2
"""Seconds in which a worker that has closed its socket may end by itself, so that its exit status can be told."""


class RunEndedError(Exception):
    """The run that asked is there no more."""


class Child:
    """A worker process, forked from this one.

    Args:
        make: makes its service, in the worker.
        run: whom this process answers; the worker has no part in it.
    """

    def __init__(self, make: Callable[[], Service], run: socket) -> None:
        self._socket, theirs = socketpair()
        self._output, into = os.pipe()
        self._run, keeper = run, os.getpid()
        self._status: int | None = None
        self.pid = os.fork()
        if not self.pid:
            for inherited in (run, self._socket):
                inherited.close()
            os.close(self._output)
            _become_worker(theirs, into, make, keeper)
        theirs.close()
        os.close(into)
        self._socket.setblocking(False)
        self._heard = bytearray()

    @property
    def printed(self) -> str:
        """The beginning of what it printed since the last request."""
        return self._heard.decode("utf-8", "replace")

    @property
    def ears(self) -> list[int]:
        """The file descriptors that become readable when it prints."""
        return [self._output] if self._output >= 0 else []

    def listen(self) -> None:
        """Reads a piece of what it prints, once some is there."""
        some = os.read(self._output, PIECE)
        self._heard += some[: KEPT - len(self._heard)]
        if not some:  # it has closed its output
            os.close(self._output)
            self._output = -1

    def exchange(self, message: bytes, limit: float) -> bytes:
        """Sends a message, framed and maybe empty, and waits at most `limit` seconds for one in return.

        Raises:
            TimeoutError: none came in time.
            EOFError: the worker ended, or will say nothing more.
            RunEndedError: nobody waits for the answer any more.
        """
        deadline, arriving, left = time.monotonic() + limit, Arriving(), memoryview(message)
        self._heard.clear()
        while (wait := deadline - time.monotonic()) > 0:
            left, piece = self._turn(left, min(wait, TICK))
            answer = arriving.add(piece)
            if answer is not None:
                self._hear_the_rest()
                return answer
        raise TimeoutError

    def _turn(self, left: memoryview, wait: float) -> tuple[memoryview, bytes]:
        """Sends and receives what can be at once: what is still to send, and what came."""
        speaking: list[socket | int] = [self._socket, self._run, *self.ears]
        readable, writable, _ = select.select(speaking, [self._socket] if left else [], [], wait)
        if self._run in readable:  # it never speaks while it waits, so this is its end
            raise RunEndedError
        if self._output in readable:
            self.listen()
        try:
            sent = self._socket.send(left[:PIECE]) if writable else 0
            piece = self._socket.recv(PIECE) if self._socket in readable else b""
        except (BrokenPipeError, ConnectionResetError):
            raise EOFError from None
        silent = self._socket in readable and not piece
        if silent or (not readable and self._has_ended()):
            raise EOFError
        return left[sent:], piece

    def _hear_the_rest(self) -> None:
        """Of what was printed so far; no more than a pipe holds, should it go on printing."""
        for _ in range(16):
            if not (self.ears and select.select(self.ears, [], [], 0)[0]):
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
        for kill in (os.killpg, os.kill) if self._status is None else (os.killpg,):
            with suppress(ProcessLookupError, PermissionError):
                kill(self.pid, signal.SIGKILL)
        if self._status is None:
            self._status = os.waitpid(self.pid, 0)[1]
        self._hear_the_rest()
        self._socket.close()
        for ear in self.ears:
            os.close(ear)
        code = os.waitstatus_to_exitcode(self._status)
        return f"with exit code {code}" if code >= 0 else f"by {signal.Signals(-code).name}"


def _become_worker(keeper: socket, into: int, make: Callable[[], Service], parent: int) -> NoReturn:
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
            serve(keeper, make)
            code = 0
    except BaseException:  # whatever it was, its traceback is what the worker printed last
        traceback.print_exc()
    finally:
        os._exit(code)
