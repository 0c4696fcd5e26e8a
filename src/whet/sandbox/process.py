"""A process held from outside: it is given little, heard until a deadline, and ended with all that it started."""

import os
import select
import signal
import subprocess
import time
from collections.abc import Sequence
from contextlib import suppress

from whet.sandbox.interpreter import ENVIRONMENT

CHUNK = 65536
"""Bytes that are read at a time."""


class Started:
    """A command in a session of its own, with nothing to read and nowhere to print."""

    def __init__(self, command: Sequence[str], descriptors: Sequence[int]) -> None:
        """It inherits `descriptors`. Raises `OSError` where it cannot be started."""
        self._said = b""
        self._process = subprocess.Popen(
            list(command),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            env=dict(ENVIRONMENT),
            cwd="/",
            pass_fds=tuple(descriptors),
            start_new_session=True,
        )

    def complaint(self) -> str:
        """What it has said on standard error so far, or shortly."""
        stderr = self._process.stderr
        if stderr is not None and not stderr.closed:
            self._said += read_by(stderr.fileno(), time.monotonic() + 0.1)
        return self._said.decode(errors="replace")

    def close(self) -> None:
        """Ends it and its group, and waits for it."""
        # Before it is waited for: until then nobody else can have its number.
        with suppress(ProcessLookupError, PermissionError):
            os.killpg(self._process.pid, signal.SIGKILL)
        self._process.wait()
        self.complaint()
        if self._process.stderr is not None:
            self._process.stderr.close()


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
