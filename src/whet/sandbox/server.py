"""A harness that waits in its sandbox for programs: one start serves many."""

import json
import os
import signal
import socket
import subprocess
import time
from collections.abc import Sequence
from contextlib import suppress

from whet.sandbox.backends import Backend
from whet.sandbox.descriptors import read_by, unnamed_file
from whet.sandbox.interpreter import ENVIRONMENT, interpreter
from whet.sandbox.wire import READY

START_TIMEOUT = 30.0
"""Seconds in which a sandbox must have started, or ended a program, on a machine that is busy."""


class SandboxError(Exception):
    """The sandbox itself did not do what it has to, whatever the program is."""


class Server:
    """A harness in a sandbox, with nothing to read and nowhere to print; a context manager, which ends all of it."""

    def __init__(self, backend: Backend) -> None:
        """Raises `SandboxError` where it does not start."""
        self.backend = backend
        self._control, theirs = socket.socketpair()
        python = interpreter()
        policy = {"restrictions": backend.at_start, "readable": python.readable, "listable": python.library}
        with theirs, unnamed_file(json.dumps(policy)) as file:
            descriptors = (theirs.fileno(), file)
            try:
                self._process = subprocess.Popen(
                    backend.wrapped(python.command(*descriptors)),
                    stdin=subprocess.DEVNULL,
                    stdout=subprocess.DEVNULL,
                    stderr=subprocess.PIPE,
                    env=dict(ENVIRONMENT),
                    cwd="/",
                    pass_fds=descriptors,
                    start_new_session=True,
                )
            except OSError as error:
                self._control.close()
                raise SandboxError(f"the sandbox ({backend.name}) could not be started: {error}") from error
        if self._read() != READY.encode():
            no_answer = self.no_answer()
            self.close()
            raise no_answer

    def begin(self, what: bytes, descriptors: Sequence[int]) -> None:
        """Starts what `what` says, a key of `whet.sandbox.harness.JOBS`; it inherits the descriptors."""
        try:
            socket.send_fds(self._control, [what], descriptors)
        except OSError as error:
            raise self.no_answer() from error

    def end(self) -> int:
        """Ends what was started last, where it has not; the status with which it ended."""
        try:
            self._control.sendall(b".")
        except OSError as error:
            raise self.no_answer() from error
        status = self._read()
        if not status:
            raise self.no_answer()
        return status[0]

    def no_answer(self) -> SandboxError:
        """The error where nothing came back: what the harness wrote on standard error."""
        complaint = read_by(self._process.stderr.fileno(), time.monotonic() + 0.1) if self._process.stderr else b""
        why = " ".join(complaint.decode(errors="replace").split()[-60:]) or "it said nothing"
        return SandboxError(f"the sandbox ({self.backend.name}) gave no answer: {why}")

    def _read(self) -> bytes:
        return read_by(self._control.fileno(), time.monotonic() + START_TIMEOUT)

    def close(self) -> None:
        """Ends it and its group, and waits for it."""
        self._control.close()
        # Before it is waited for: until then no other process can have its number.
        with self._process, suppress(ProcessLookupError, PermissionError):
            os.killpg(self._process.pid, signal.SIGKILL)

    def __enter__(self) -> "Server":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()
