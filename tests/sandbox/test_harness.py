"""What a fresh interpreter runs: how program and judge start, and how they end."""

import os
import signal
import sys
import time
from contextlib import ExitStack
from typing import Any

import psutil
import pytest

from offspring import offspring
from whet.sandbox.anonymous_files import json_file, text_file
from whet.sandbox.backends import Backend
from whet.sandbox.process import read_all_by, read_by
from whet.sandbox.server import Server
from whet.sandbox.wire import JUDGED, WHOLE

BARE = Backend("bare", (), (), lambda: None)
PROGRAM = "def f():\n    return 1"
MAGIC = {"terms": {"pieces": ["magic"]}}


def soon(seconds: float = 20.0) -> float:
    return time.monotonic() + seconds


def filled(task: dict[str, Any]) -> dict[str, Any]:
    """A task, where it leaves anything open, in which nothing is given up and nothing is to be done."""
    return {"terms": {"pieces": []}, "nonce": "0123", "program": "", "setup": "", "tests": [], "stop": False, **task}


def told(server: Server, program: dict[str, Any], judged: dict[str, Any]) -> bytes:
    """What is told of a program."""
    reads, writes = os.pipe()
    with json_file(filled(program)) as one, json_file(filled(judged)) as other, os.fdopen(reads, "rb"):
        server.begin(JUDGED, [writes, one.fileno(), other.fileno()])
        os.close(writes)
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


@pytest.mark.parametrize(("program", "judged"), [(MAGIC, {}), ({}, MAGIC)], ids=["program", "judge"])
def test_there_is_no_verdict_where_a_piece_cannot_be_given_up(program: Any, judged: Any) -> None:
    with Server(BARE) as server:
        said = told(server, {"program": PROGRAM, **program}, {"tests": ["assert f() == 1"], **judged})
        assert said == b""
        assert "KeyError: 'magic'" in str(server.silent())
        assert told(server, {"program": PROGRAM}, {"tests": ["assert f() == 1"]}) == b"0123 ready\n0123 passed\n"


def whole(server: Server, program: str, given: str = "") -> tuple[bytes, bytes, int]:
    """What is told, what is printed, and the status."""
    with ExitStack() as held:
        (heard, tells), (reads, prints) = os.pipe(), os.pipe()
        for descriptor in (heard, reads):
            held.callback(os.close, descriptor)
        task = held.enter_context(json_file(filled({"program": program})))
        stdin = held.enter_context(text_file(given))
        server.begin(WHOLE, [tells, task.fileno(), stdin.fileno(), prints])
        os.close(tells)
        os.close(prints)
        printed, said = read_all_by(reads, soon(), 1000), read_all_by(heard, soon(), 1000)
        return said, printed, server.end()


def test_a_whole_program_reads_prints_and_ends() -> None:
    with Server(BARE) as server:
        assert whole(server, "print(input())", "hello") == (b"0123 ready\n", b"hello\n", 0)
        assert whole(server, "import sys\nprint(len(sys.stdin.read()), end='')\nsys.exit(3)", "ab") == (
            b"0123 ready\n",
            b"2",
            3,
        )
        assert whole(server, "1 / 0") == (b"0123 ready\n", b"", 1)
        assert whole(server, "import os\nos._exit(0)") == (b"0123 ready\n", b"", 0)


def over(process: psutil.Process) -> bool:
    """Whether it ends soon; who waits for it may come later."""
    deadline = soon(5)
    while time.monotonic() < deadline:
        if not process.is_running() or process.status() == psutil.STATUS_ZOMBIE:
            return True
        time.sleep(0.01)
    return False


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="only Linux tells a child that its parent died")
def test_the_program_dies_with_the_judge_and_the_judge_with_the_server() -> None:
    asleep = {"program": "import time\ntime.sleep(60)"}
    for first in ("judge", "server"):
        reads, writes = os.pipe()
        with Server(BARE) as server, json_file(filled(asleep)) as one, json_file(filled({"tests": ["f()"]})) as other:
            server.begin(JUDGED, [writes, one.fileno(), other.fileno()])
            os.close(writes)
            assert read_by(reads, soon()) == b"0123 ready\n"
            (harness,) = offspring()
            (judge,) = harness.children()
            (program,) = judge.children()
            {"judge": judge, "server": harness}[first].send_signal(signal.SIGKILL)
            assert over(judge)
            assert over(program)
        os.close(reads)


def test_what_is_to_end_ends() -> None:
    reads, writes = os.pipe()
    with Server(BARE) as server, json_file(filled({"program": "while True:\n    pass"})) as one:
        with json_file(filled({"tests": ["f()"]})) as other:
            server.begin(JUDGED, [writes, one.fileno(), other.fileno()])
            os.close(writes)
            assert read_by(reads, soon()) == b"0123 ready\n"
        assert server.end() == signal.SIGKILL
        assert read_by(reads, soon()) == b""
        (harness,) = offspring()
        assert harness.children() == []
    os.close(reads)
