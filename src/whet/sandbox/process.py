"""A process held from outside: it is given little, heard until a deadline, and ended with all that it started."""

import os
import select
import signal
import subprocess
import time
from collections.abc import Sequence
from contextlib import suppress
from typing import BinaryIO

from whet.sandbox.interpreter import ENVIRONMENT

CHUNK = 65536
"""Bytes that are read at a time."""


class Started:
    """A command in a session of its own. As a context, it and everything in its group has ended when the block has."""

    def __init__(self, command: Sequence[str], descriptors: Sequence[int], stdin: BinaryIO | None = None) -> None:
        """It inherits `descriptors`, besides `stdin` (else nothing); what it prints is to be read where it has one.

        Raises:
            OSError: it cannot be started.
        """
        self.complaint = ""
        """What it said on standard error before it was confined; known when the block has ended."""
        self._process = subprocess.Popen(
            list(command),
            stdin=stdin or subprocess.DEVNULL,
            stdout=subprocess.PIPE if stdin else subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            env=dict(ENVIRONMENT),
            cwd="/",
            pass_fds=tuple(descriptors),
            start_new_session=True,
        )

    @property
    def stdout(self) -> int:
        """The descriptor from which what it prints is read."""
        assert self._process.stdout is not None
        return self._process.stdout.fileno()

    def ended_well(self, deadline: float) -> bool:
        """Whether it ends by then, with status 0."""
        while (status := self._status()) is None and time.monotonic() < deadline:
            time.sleep(0.002)
        return status == 0

    def _status(self) -> int | None:
        """`None` until it has ended. It is only looked at, where the system can, so that its number stays its own."""
        if not hasattr(os, "waitid"):
            return self._process.poll()
        how = os.waitid(os.P_PID, self._process.pid, os.WEXITED | os.WNOWAIT | os.WNOHANG)
        return None if how is None else how.si_status

    def __enter__(self) -> "Started":
        return self

    def __exit__(self, *_: object) -> None:
        # Before it is waited for: until then nobody else can have its number.
        with suppress(ProcessLookupError, PermissionError):
            os.killpg(self._process.pid, signal.SIGKILL)
        self._process.wait()
        assert self._process.stderr is not None
        said = read_by(self._process.stderr.fileno(), time.monotonic() + 0.1)
        self.complaint = said.decode(errors="replace")
        self._process.stderr.close()
        if self._process.stdout is not None:
            self._process.stdout.close()


def read_by(descriptor: int, deadline: float) -> bytes:
    """What can be read by then: nothing at the end, and where nothing comes in time."""
    poll = select.poll()
    poll.register(descriptor, select.POLLIN)
    left = deadline - time.monotonic()
    return os.read(descriptor, CHUNK) if left > 0 and poll.poll(1000 * left) else b""


def read_all_by(descriptor: int, deadline: float, most: int) -> bytes:
    """All that is said up to the end, to then, or to `most` bytes and a little more."""
    said: list[bytes] = []
    length = 0
    while length <= most and (chunk := read_by(descriptor, deadline)):
        said.append(chunk)
        length += len(chunk)
    return b"".join(said)
