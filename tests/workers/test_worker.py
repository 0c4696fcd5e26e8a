"""A worker answers, is stopped when it is late, and is there again; nothing of it stays behind."""

import gc
import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from socket import socketpair
from typing import Any

import pytest

from processes import below, is_alive, soon
from whet.workers.worker import Outcome, Worker, receive, send

LIMIT = 0.3
SLACK = 0.5
"""Seconds past a limit that giving up may take, on a quiet machine."""

NOISE = 2.0
"""More of them, for a machine that has other things to do."""


@pytest.fixture
def worker() -> Iterator[Worker]:
    one = Worker("workers.services:obey")
    yield one
    one.close()


def ask(worker: Worker, *words: Any, limit: float = 20.0) -> Outcome:
    return worker.ask(json.dumps(words).encode(), limit)


def result(worker: Worker, *words: Any) -> Any:
    outcome = ask(worker, *words)
    assert outcome.fate == "answered", outcome
    return json.loads(outcome.answer)


def test_it_starts_when_asked_and_lasts(worker: Worker) -> None:
    assert worker.supervisor is None
    pid = result(worker, "pid")
    assert pid not in (os.getpid(), worker.supervisor)
    assert [result(worker, "pid"), result(worker, "made")] == [pid, 1]
    assert {pid, worker.supervisor} <= below()


@pytest.mark.parametrize("count", [0, 1, 65_536, 5_000_000])
def test_answers_and_requests_of_any_size(worker: Worker, count: int) -> None:
    assert result(worker, "answer", count) == "z" * count
    assert result(worker, "warn", "w" * count) == count


@pytest.mark.parametrize("deed", [("sleep", 60), ("spin",), ("stubborn",)])
def test_a_late_one_is_stopped_in_time_and_there_again(worker: Worker, deed: tuple[Any, ...]) -> None:
    pid = result(worker, "pid")
    start = time.monotonic()
    outcome = ask(worker, *deed, limit=LIMIT)
    assert LIMIT <= time.monotonic() - start < LIMIT + SLACK + NOISE
    assert (outcome.fate, outcome.what) == ("late", "took longer than 0.3 s and was stopped")
    assert not is_alive(pid)
    supervisor = worker.supervisor
    assert result(worker, "pid") != pid
    assert worker.supervisor == supervisor


@pytest.mark.parametrize(
    ("deed", "what"),
    [
        (("exit", 3), "ended its process with exit code 3"),
        (("exit", 0), "ended its process with exit code 0"),
        (("crash",), "ended its process by SIGSEGV"),
        (("raise",), "ended its process with exit code 1"),
        (("close_all",), "ended its process with exit code 1"),
    ],
)
def test_one_that_ends_is_told_of_and_there_again(worker: Worker, deed: tuple[Any, ...], what: str) -> None:
    outcome = ask(worker, *deed)
    assert (outcome.fate, outcome.what) == ("died", what)
    assert result(worker, "made") == 1


def test_what_it_printed_is_kept_in_part(worker: Worker) -> None:
    assert "RuntimeError: of its own making" in ask(worker, "raise").printed
    assert ask(worker, "warn", "careful").printed == "careful"
    assert ask(worker, "pid").printed == ""


@pytest.mark.parametrize("deed", ["print", "write"])
def test_a_flood_drowns_nobody(worker: Worker, deed: str) -> None:
    ask(worker, "pid")
    outcome = ask(worker, deed, 100_000_000, limit=60)
    assert outcome.fate == "answered"
    assert 0 < len(outcome.printed) <= 4096
    assert set(outcome.printed) <= {"x", "y"}


def test_it_is_killed_with_all_that_it_started(worker: Worker) -> None:
    for end in (("exit", 0), ("sleep", 60)):
        another = result(worker, "start_another")
        assert is_alive(another)
        ask(worker, *end, limit=LIMIT)
        assert soon(lambda pid=another: not is_alive(pid))


def test_closing_ends_everything(worker: Worker) -> None:
    before = below()
    started = {result(worker, "pid"), result(worker, "start_another"), worker.supervisor}
    worker.close()
    assert worker.supervisor is None
    assert soon(lambda: not any(map(is_alive, started)))
    assert below() <= before
    worker.close()
    assert result(worker, "pid") not in started


def test_what_is_dropped_ends(worker: Worker) -> None:
    dropped = Worker("workers.services:obey")
    pids = {result(dropped, "pid"), dropped.supervisor}
    del dropped
    gc.collect()
    assert soon(lambda: not any(map(is_alive, pids)))


def test_a_keeper_that_was_killed_is_replaced(worker: Worker) -> None:
    pid, supervisor = result(worker, "pid"), worker.supervisor
    assert supervisor is not None
    os.kill(supervisor, signal.SIGKILL)
    assert soon(lambda: not is_alive(supervisor))
    assert soon(lambda: not is_alive(pid))
    assert result(worker, "made") == 1
    assert worker.supervisor != supervisor


def test_closing_wakes_whoever_waits(worker: Worker) -> None:
    ask(worker, "pid")
    outcomes: list[Outcome] = []
    waiting = threading.Thread(target=lambda: outcomes.append(ask(worker, "sleep", 60, limit=60)))
    waiting.start()
    time.sleep(0.2)
    worker.close()
    waiting.join(timeout=10)
    assert [outcome.fate for outcome in outcomes] == ["died"]
    assert worker.supervisor is None, "nobody wants the answer any more, so it is not asked again"


@pytest.mark.parametrize(
    ("service", "fate", "what"),
    [
        ("broken", "refused", "ValueError: not like this"),
        ("refusing", "refused", "fix it"),
        ("endless", "late", "took longer than 0.5 s to load and was stopped"),
        ("gone", "died", "ended its process with exit code 4, while it was loaded"),
    ],
)
def test_one_that_is_never_ready(service: str, fate: str, what: str) -> None:
    worker = Worker(f"workers.services:{service}", "it", loading=0.5 if service == "endless" else 20.0)
    for _ in range(2):
        outcome = worker.ask(b"[]", 20.0)
        assert (outcome.fate, outcome.what) == (fate, what)
    assert outcome.printed.strip() == ("still at it" if service == "endless" else "")
    worker.close()


def test_what_is_preloaded_is_made_once_for_all() -> None:
    worker = Worker("workers.services:obey", preload=True)
    first = result(worker, "pid")
    ask(worker, "sleep", 60, limit=LIMIT)
    start = time.monotonic()
    assert result(worker, "pid") != first
    assert time.monotonic() - start < SLACK + NOISE
    assert result(worker, "made") == 1
    worker.close()


def test_a_service_that_cannot_be_found() -> None:
    outcome = Worker("workers.nowhere:obey").ask(b"[]", 1.0)
    assert outcome.fate == "died"
    assert "No module named 'workers.nowhere'" in outcome.what


ORPHANS = """
import json, sys, time
from whet.workers.worker import Outcome, Worker, receive, send
worker = Worker("workers.services:obey")
pids = [json.loads(worker.ask(json.dumps([deed]).encode(), 20.0).answer) for deed in ("pid", "start_another")]
print(json.dumps([*pids, worker.supervisor]), flush=True)
worker.ask(b'["spin"]', 600.0) if sys.argv[1] == "asking" else time.sleep(600)
"""


@pytest.mark.parametrize("doing", ["asking", "idle"])
@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGTERM])
def test_a_run_that_is_killed_leaves_nothing_behind(doing: str, how: signal.Signals) -> None:
    path = os.pathsep.join(sys.path)
    with subprocess.Popen(
        [sys.executable, "-c", ORPHANS, doing], stdout=subprocess.PIPE, env={**os.environ, "PYTHONPATH": path}
    ) as run:
        assert run.stdout is not None
        pids = json.loads(run.stdout.readline())
        assert all(map(is_alive, pids))
        time.sleep(0.1)
        run.send_signal(how)
        assert soon(lambda: not any(map(is_alive, pids)), within=1.0 + NOISE)


@pytest.mark.parametrize("message", [b"", b"a", bytes(range(256)) * 5000])
def test_a_message_arrives_whole(message: bytes) -> None:
    here, there = socketpair()
    with here, there:
        sender = threading.Thread(target=lambda: (send(here, message), send(here, b"next")))
        sender.start()
        assert (receive(there), receive(there)) == (message, b"next")
        sender.join()


@pytest.mark.parametrize("sent", [b"", b"\x05", b"\x05" + bytes(7) + b"hell"])
def test_a_message_that_breaks_off(sent: bytes) -> None:
    here, there = socketpair()
    with there:
        here.sendall(sent)
        here.close()
        with pytest.raises(EOFError):
            receive(there)


def test_files_of_the_working_folder_are_not_taken_for_libraries(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("json", "random", "struct"):
        (tmp_path / f"{name}.py").write_text("raise RuntimeError('not the library')")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", [entry for entry in sys.path if entry])
    started = Worker("workers.services:obey")
    try:
        assert ask(started, "pid").fate == "answered"
    finally:
        started.close()
