"""What a fresh interpreter runs: how the program and its tests start, and how they end."""

import json
import signal
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import psutil
import pytest

from offspring import offspring
from whet.sandbox.backends import Backend
from whet.sandbox.descriptors import pipe, read_all_by, read_by, unnamed_file
from whet.sandbox.server import Server
from whet.sandbox.wire import SCRIPT, TESTS

BARE = Backend("bare", lambda: None, per_process=())
PROGRAM = "def f():\n    return 1"
MAGIC = {"policy": {"restrictions": ["magic"]}}


def soon(seconds: float = 20.0) -> float:
    return time.monotonic() + seconds


def filled(**task: Any) -> str:
    """A task, where it leaves anything open, without restrictions and with nothing to do."""
    return json.dumps(
        {
            "policy": {"restrictions": []},
            "nonce": "0123",
            "program": "",
            "setup": "",
            "tests": [],
            "stop": False,
            **task,
        }
    )


def told(server: Server, solution: dict[str, Any], tests: dict[str, Any]) -> bytes:
    """The verdicts on a program."""
    with unnamed_file(filled(**solution)) as one, unnamed_file(filled(**tests)) as other, pipe() as (reads, verdict):
        server.begin(TESTS, [verdict.fileno(), one, other])
        verdict.close()
        said = read_all_by(reads, soon(), 10_000)
        server.end()
    return said


def test_it_is_ready_first_and_then_tells_of_each_test() -> None:
    with Server(BARE) as server:
        for answer in (1, 2):  # as often as it is asked to
            tests = {"tests": ["assert f() == 1", "assert f() == 2"]}
            said = told(server, {"program": f"def f():\n    return {answer}"}, tests)
            verdicts = ["passed", "failed: AssertionError: "][:: 1 if answer == 1 else -1]
            assert said.decode() == "".join(f"0123 {what}\n" for what in ("ready", *verdicts))


def test_half_a_character_in_a_verdict() -> None:
    with Server(BARE) as server:
        said = told(server, {"program": "def f():\n    raise ValueError('\\ud800')"}, {"tests": ["f()"]})
    assert said == b"0123 ready\n0123 failed: ValueError: ?\n"


@pytest.mark.parametrize(("solution", "tests"), [(MAGIC, {}), ({}, MAGIC)], ids=["program", "tests"])
def test_there_is_no_verdict_without_every_restriction(solution: Any, tests: Any) -> None:
    with Server(BARE) as server:
        said = told(server, {"program": PROGRAM, **solution}, {"tests": ["assert f() == 1"], **tests})
        assert said == b""
        assert "KeyError: 'magic'" in str(server.no_answer())
        assert told(server, {"program": PROGRAM}, {"tests": ["assert f() == 1"]}) == b"0123 ready\n0123 passed\n"


def script(server: Server, program: str, text: str = "") -> tuple[bytes, bytes, int]:
    """What is reported, what is printed, and the status."""
    with (
        unnamed_file(filled(program=program)) as task,
        unnamed_file(text) as stdin,
        pipe() as (reads, verdict),
        pipe() as (prints, stdout),
    ):
        server.begin(SCRIPT, [verdict.fileno(), task, stdin, stdout.fileno()])
        verdict.close()
        stdout.close()
        printed, said = read_all_by(prints, soon(), 1000), read_all_by(reads, soon(), 1000)
        return said, printed, server.end()


def test_a_script_reads_prints_and_ends() -> None:
    with Server(BARE) as server:
        assert script(server, "print(input())", "hello") == (b"0123 ready\n", b"hello\n", 0)
        assert script(server, "import sys\nprint(len(sys.stdin.read()), end='')\nsys.exit(3)", "ab") == (
            b"0123 ready\n",
            b"2",
            3,
        )
        assert script(server, "1 / 0") == (b"0123 ready\n", b"", 1)
        assert script(server, "import os\nos._exit(0)") == (b"0123 ready\n", b"", 0)


def over(process: psutil.Process) -> bool:
    """Whether it ends soon; who waits for it may come later."""
    deadline = soon(5)
    while time.monotonic() < deadline:
        if not process.is_running() or process.status() == psutil.STATUS_ZOMBIE:
            return True
        time.sleep(0.01)
    return False


@contextmanager
def running(program: str, test: str) -> Iterator[tuple[Server, int]]:
    """A program whose test has begun, and where its verdicts can be read."""
    with (
        Server(BARE) as server,
        unnamed_file(filled(program=program)) as one,
        unnamed_file(filled(tests=[test])) as other,
        pipe() as (reads, verdict),
    ):
        server.begin(TESTS, [verdict.fileno(), one, other])
        verdict.close()
        assert read_by(reads, soon()) == b"0123 ready\n"
        yield server, reads


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="only Linux tells a child that its parent died")
@pytest.mark.parametrize("first", ["tests", "harness"])
def test_the_program_dies_with_its_tests_and_these_with_the_harness(first: str) -> None:
    with running("import time\ntime.sleep(60)", "f()"):
        (harness,) = offspring()
        (tests,) = harness.children()
        (program,) = tests.children()
        {"tests": tests, "harness": harness}[first].send_signal(signal.SIGKILL)
        assert over(tests)
        assert over(program)


def test_what_is_to_end_ends() -> None:
    with running("while True:\n    pass", "f()") as (server, reads):
        assert server.end() == signal.SIGKILL
        assert read_by(reads, soon()) == b""
        (harness,) = offspring()
        assert harness.children() == []
