"""File descriptors: handed over, and read until a deadline."""

import os
import time

import pytest

from whet.sandbox.descriptors import pipe, read_all_by, read_by, unnamed_file


@pytest.mark.parametrize(("text", "held"), [("", b""), ("ä\n", b"\xc3\xa4\n"), ("\ud800x", b"?x")])
def test_a_text_is_ready_to_be_read(text: str, held: bytes) -> None:
    with unnamed_file(text) as file:
        assert os.read(file, 100) == held


def test_a_pipe_ends_when_its_writer_is_closed() -> None:
    with pipe() as (reads, writer):
        os.write(writer.fileno(), b"x")
        writer.close()
        assert read_all_by(reads, soon(), 100) == b"x"


def soon(seconds: float = 10.0) -> float:
    return time.monotonic() + seconds


def test_nothing_comes_in_time() -> None:
    reads, writes = os.pipe()
    began = time.monotonic()
    assert read_by(reads, soon(0.1)) == b""
    assert 0.05 < time.monotonic() - began < 5
    os.write(writes, b"x" * 300)
    assert read_by(reads, soon(-1)) == b""
    assert read_by(reads, soon()) == b"x" * 300
    os.close(writes)
    assert read_by(reads, soon()) == b""
    os.close(reads)


def test_reading_ends_at_the_most() -> None:
    reads, writes = os.pipe()
    os.write(writes, b"x" * 5000)
    assert read_all_by(reads, soon(0.2), 10_000) == b"x" * 5000
    os.write(writes, b"x" * 5000)
    assert len(read_all_by(reads, soon(), 4000)) == 5000
    os.close(reads)
    os.close(writes)
