"""What a fresh interpreter runs first: how program and judge start, and how they end."""

import json
import os
import signal
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from tempfile import TemporaryFile
from typing import Any, BinaryIO

import psutil
import pytest

from whet.sandbox.interpreter import interpreter
from whet.sandbox.process import Started, read_all_by, read_by

NONCE = "0123"
UNCONFINED: dict[str, Any] = {"pieces": []}


@contextmanager
def task(**what: Any) -> Iterator[BinaryIO]:
    with TemporaryFile() as file:
        file.write(json.dumps({"terms": UNCONFINED, **what}).encode())
        file.seek(0)
        yield file


def told(program: dict[str, Any], judged: dict[str, Any]) -> tuple[bytes, str]:
    """What is told of a program, and what went to standard error."""
    reads, writes = os.pipe()
    judged = {"nonce": NONCE, "setup": "", "stop": False, **judged}
    with task(**program) as one, task(**judged) as other, os.fdopen(reads, "rb"):
        descriptors = (writes, one.fileno(), other.fileno())
        with Started(interpreter().command(*descriptors), descriptors) as started:
            os.close(writes)
            said = read_all_by(reads, time.monotonic() + 20, 10_000)
    return said, started.complaint


def test_it_is_ready_first_and_then_tells_of_each_test() -> None:
    said, complaint = told({"program": "def f():\n    return 1"}, {"tests": ["assert f() == 1", "assert f() == 2"]})
    assert said == b"0123 ready\n0123 passed\n0123 failed: AssertionError: \n"
    assert complaint == ""


def test_half_a_character_in_a_verdict() -> None:
    said, _ = told({"program": "def f():\n    raise ValueError('\\ud800')"}, {"tests": ["f()"]})
    assert said == b"0123 ready\n0123 failed: ValueError: ?\n"


@pytest.mark.parametrize("which", ["program", "judge"])
def test_nothing_is_run_where_a_piece_cannot_be_given_up(which: str) -> None:
    bad = {"terms": {"pieces": ["magic"]}}
    program = {"program": "def f():\n    return 1", **(bad if which == "program" else {})}
    said, complaint = told(program, {"tests": ["assert f() == 1"], **(bad if which == "judge" else {})})
    assert said == b""
    assert "KeyError: 'magic'" in complaint


def test_a_whole_program_begins_behind_the_nonce() -> None:
    reads, writes = os.pipe()
    with task(nonce=NONCE, program="print(input())") as one, TemporaryFile() as given, os.fdopen(reads, "rb"):
        given.write(b"hello")
        given.seek(0)
        descriptors = (writes, one.fileno())
        with Started(interpreter().command(*descriptors), descriptors, given) as started:
            os.close(writes)
            assert read_by(reads, time.monotonic() + 20) == b"0123 ready\n"
            assert read_by(reads, time.monotonic() + 20) == b""  # closed before the program began
            assert read_all_by(started.stdout, time.monotonic() + 20, 1000) == b"hello\n"


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="only Linux tells a child that its parent died")
def test_the_program_dies_with_the_judge() -> None:
    reads, writes = os.pipe()
    program, judged = "import time\ntime.sleep(60)", {"nonce": NONCE, "setup": "", "stop": False, "tests": ["f()"]}
    with task(program=program) as one, task(**judged) as other, os.fdopen(reads, "rb"):
        descriptors = (writes, one.fileno(), other.fileno())
        with Started(interpreter().command(*descriptors), descriptors):
            os.close(writes)
            assert read_by(reads, time.monotonic() + 20) == b"0123 ready\n"
            judge, asleep = psutil.Process().children(recursive=True)
            assert asleep.ppid() == judge.pid
            judge.send_signal(signal.SIGKILL)
            _, alive = psutil.wait_procs([asleep], timeout=5)
            assert not [one for one in alive if one.status() != psutil.STATUS_ZOMBIE]
