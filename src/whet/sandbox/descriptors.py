"""File descriptors for passing text to a process and for reading its replies until a deadline."""

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
    """Yields the descriptor of an unnamed temporary file that contains `text`, positioned at its start."""
    with TemporaryFile() as file:
        file.write(text.encode(errors="replace"))
        file.seek(0)
        yield file.fileno()


@contextmanager
def pipe() -> Iterator[tuple[int, BinaryIO]]:
    """Yields a pipe's read end and write end; close the write end once another process has inherited it."""
    reads, writes = os.pipe()
    with os.fdopen(reads, "rb"), os.fdopen(writes, "wb") as writer:
        yield reads, writer


def read_by(descriptor: int, deadline: float) -> bytes:
    """Reads once, until `deadline` (`time.monotonic`); empty at the end of the file and on a timeout."""
    poll = select.poll()
    poll.register(descriptor, select.POLLIN)
    left = deadline - time.monotonic()
    return os.read(descriptor, CHUNK) if left > 0 and poll.poll(1000 * left) else b""  # poll takes milliseconds


def read_all_by(descriptor: int, deadline: float, most: int) -> bytes:
    """Reads until the end of the file, `deadline`, or more than `most` bytes (by less than `CHUNK`)."""
    read = b""
    while len(read) <= most and (chunk := read_by(descriptor, deadline)):
        read += chunk
    return read
