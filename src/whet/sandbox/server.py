"""A harness that waits in its sandbox for programs: one start serves many."""

import socket
import time
from collections.abc import Sequence
from typing import Any

from whet.sandbox.anonymous_files import json_file
from whet.sandbox.backends import Backend
from whet.sandbox.interpreter import interpreter
from whet.sandbox.process import Started, read_by
from whet.sandbox.wire import READY

START = 30.0
"""Seconds in which a sandbox must have started, or ended a program, on a machine that is busy."""


class SandboxError(Exception):
    """The sandbox itself did not do what it has to, whatever the program is."""


class Server:
    """A harness in a sandbox of this kind. As a context, it and all that it started has ended when the block has."""

    def __init__(self, kind: Backend) -> None:
        """Raises `SandboxError` where it does not start."""
        self.kind = kind
        self._ours, theirs = socket.socketpair()
        with theirs, json_file(self._terms()) as terms:
            descriptors = (theirs.fileno(), terms.fileno())
            try:
                self._process = Started(kind.wrapped(interpreter().command(*descriptors)), descriptors)
            except OSError as error:
                self._ours.close()
                raise SandboxError(f"the sandbox ({kind.name}) could not be started: {error}") from error
        if read_by(self._ours.fileno(), time.monotonic() + START) != READY.encode():
            self.close()
            raise self.silent()

    def _terms(self) -> dict[str, Any]:
        python = interpreter()
        return {"pieces": self.kind.once, "readable": python.readable, "listable": python.library}

    def begin(self, what: bytes, descriptors: Sequence[int]) -> None:
        """Starts what `what` says; it inherits the descriptors."""
        try:
            socket.send_fds(self._ours, [what], descriptors)
        except OSError as error:
            raise self.silent() from error

    def end(self) -> int:
        """Ends what was started last, where it has not; the status with which it ended."""
        try:
            self._ours.sendall(b".")
        except OSError as error:
            raise self.silent() from error
        status = read_by(self._ours.fileno(), time.monotonic() + START)
        if not status:
            raise self.silent()
        return status[0]

    def silent(self) -> SandboxError:
        """What there is to say where nothing came back."""
        why = " ".join(self._process.complaint().split()[-60:]) or "it said nothing"
        return SandboxError(f"the sandbox ({self.kind.name}) gave no answer: {why}")

    def close(self) -> None:
        """Ends it."""
        self._ours.close()
        self._process.close()

    def __enter__(self) -> "Server":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()
