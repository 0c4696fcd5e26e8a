"""Starts a harness in its sandbox and sends it programs; one harness runs many."""

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
"""Seconds within which a sandbox must start, or end a program, also on a busy machine."""


class SandboxError(Exception):
    """The sandbox itself failed, independent of the program."""


class Server:
    """A harness process in a sandbox, without standard input or output. A context manager that ends it."""

    def __init__(self, backend: Backend) -> None:
        """Starts the harness. Raises `SandboxError` where it does not start."""
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
        """Starts the job `what`, a key of `whet.sandbox.harness.JOBS`, with these descriptors."""
        try:
            socket.send_fds(self._control, [what], descriptors)
        except OSError as error:
            raise self.no_answer() from error

    def end(self) -> int:
        """Ends the current job if it still runs, and returns its exit status."""
        try:
            self._control.sendall(b".")
        except OSError as error:
            raise self.no_answer() from error
        status = self._read()
        if not status:
            raise self.no_answer()
        return status[0]

    def no_answer(self) -> SandboxError:
        """Returns the error for a harness that did not answer, with what it wrote on standard error."""
        complaint = read_by(self._process.stderr.fileno(), time.monotonic() + 0.1) if self._process.stderr else b""
        why = " ".join(complaint.decode(errors="replace").split()[-60:]) or "it said nothing"
        return SandboxError(f"the sandbox ({self.backend.name}) gave no answer: {why}")

    def _read(self) -> bytes:
        return read_by(self._control.fileno(), time.monotonic() + START_TIMEOUT)

    def close(self) -> None:
        """Kills the harness's process group and waits for it."""
        self._control.close()
        # Kill before wait: until the process is reaped, no other can get its process id.
        with self._process, suppress(ProcessLookupError, PermissionError):
            os.killpg(self._process.pid, signal.SIGKILL)

    def __enter__(self) -> "Server":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()
