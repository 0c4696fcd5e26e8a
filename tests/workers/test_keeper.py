"""A keeper, spoken to by hand."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import asdict
from socket import socketpair

import pytest

from processes import below, is_alive, soon
from whet.workers.frames import receive, send
from whet.workers.keeper import LIMIT, Job
from whet.workers.outcome import Outcome

JOB = Job("workers.services:obey", None, preload=False, loading=20.0)
MAIN = "from whet.workers.keeper import main; main()"


class Spoken:
    """A keeper's process and our end of its socket."""

    def __init__(self, job: Job) -> None:
        self.socket, theirs = socketpair()
        env = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
        self.process = subprocess.Popen([sys.executable, "-c", MAIN], stdin=theirs, env=env)
        theirs.close()
        self.socket.settimeout(60)
        send(self.socket, json.dumps(asdict(job)).encode())

    def ask(self, *words: object, limit: float = 20.0) -> Outcome:
        send(self.socket, LIMIT.pack(limit) + json.dumps(words).encode())
        return Outcome.of(receive(self.socket), receive(self.socket))


@pytest.fixture
def keeper() -> Iterator[Spoken]:
    one = Spoken(JOB)
    yield one
    one.socket.close()
    one.process.wait(timeout=20)


def test_one_outcome_for_each_request(keeper: Spoken) -> None:
    assert keeper.ask("made") == Outcome("answered", b"1")
    assert keeper.ask("sleep", 60, limit=0.2) == Outcome("late", what="took longer than 0.2 s and was stopped")
    assert keeper.ask("exit", 5) == Outcome("died", what="ended its process with exit code 5")
    assert keeper.ask("made") == Outcome("answered", b"1")


def test_there_is_no_worker_before_the_first_request(keeper: Spoken) -> None:
    assert below(keeper.process.pid) == set()
    keeper.ask("made")
    assert len(below(keeper.process.pid)) == 1


def test_it_ends_with_its_socket(keeper: Spoken) -> None:
    pid = json.loads(keeper.ask("pid").answer)
    keeper.socket.close()
    assert keeper.process.wait(timeout=10) == 0
    assert soon(lambda: not is_alive(pid))


def test_it_ends_with_its_run_even_where_the_socket_is_left_open() -> None:
    """A fork of the run, such as a data loader's, may hold the run's end of the socket."""
    ours, theirs = socketpair()
    ours.settimeout(60)
    hold, wait = os.pipe()
    env = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    script = (
        "import os, subprocess, sys\n"
        f"keeper = subprocess.Popen([sys.executable, '-c', {MAIN!r}], stdin=0)\n"
        "print(keeper.pid, flush=True)\n"
        f"os.read({hold}, 1)\n"
    )
    with subprocess.Popen(
        [sys.executable, "-c", script], stdin=theirs, stdout=subprocess.PIPE, pass_fds=[hold], env=env
    ) as run:
        theirs.close()
        assert run.stdout is not None
        pid = int(run.stdout.readline())
        send(ours, json.dumps(asdict(JOB)).encode())
        send(ours, LIMIT.pack(20.0) + b'["made"]')
        said = Outcome.of(receive(ours), receive(ours))
        run.kill()
        assert said.answer == b"1"
        assert soon(lambda: not is_alive(pid))
    for end in (hold, wait):
        os.close(end)
    ours.close()


def test_standard_input_is_not_the_socket(keeper: Spoken) -> None:
    """What a worker runs must not be able to read requests by reading standard input."""
    assert keeper.ask("read").answer == b'""'
