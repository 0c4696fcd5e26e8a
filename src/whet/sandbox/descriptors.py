"""File descriptors: how text is handed to a process, and how its replies are read until a deadline."""

import os
import select
import time
from collections.abc import Iterator
from contextlib import contextmanager
from tempfile import TemporaryFile
from typing import BinaryIO

CHUNK = 65536
"""Bytes that are read at a time."""


@contextmanager
def unnamed_file(text: str) -> Iterator[int]:
    """A file without a name that holds this text, ready to be read."""
    with TemporaryFile() as file:
        file.write(text.encode(errors="replace"))
        file.seek(0)
        yield file.fileno()


@contextmanager
def pipe() -> Iterator[tuple[int, BinaryIO]]:
    """The end to read, and the end to write, to be closed here once another process has it."""
    reads, writes = os.pipe()
    with os.fdopen(reads, "rb"), os.fdopen(writes, "wb") as writer:
        yield reads, writer


def read_by(descriptor: int, deadline: float) -> bytes:
    """What can be read by then: nothing at the end, and where nothing comes in time."""
    poll = select.poll()
    poll.register(descriptor, select.POLLIN)
    left = deadline - time.monotonic()
    return os.read(descriptor, CHUNK) if left > 0 and poll.poll(1000 * left) else b""


def read_all_by(descriptor: int, deadline: float, most: int) -> bytes:
    """All that comes up to the end, to then, or to `most` bytes and a little more."""
    read = b""
    while len(read) <= most and (chunk := read_by(descriptor, deadline)):
        read += chunk
    return read
