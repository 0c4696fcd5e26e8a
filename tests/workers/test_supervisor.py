"""A supervisor, spoken to by hand, and the worker's side of the conversation."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from socket import socketpair

import psutil
import pytest

from processes import below, is_alive, soon
from whet.workers.worker import LIMIT, Outcome, receive, send

JOB = {"service": "workers.services:obey", "setup": None, "preload": False, "loading": 20.0}
MAIN = "from whet.workers.supervisor import main; main()"


def environment() -> dict[str, str]:
    return {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}


class Spoken:
    """A supervisor's process and our end of its socket."""

    def __init__(self, **changes: object) -> None:
        self.socket, theirs = socketpair()
        self.process = subprocess.Popen([sys.executable, "-c", MAIN], stdin=theirs, env=environment())
        theirs.close()
        self.socket.settimeout(60)
        send(self.socket, json.dumps({**JOB, **changes}).encode())

    def ask(self, *words: object, limit: float = 20.0) -> Outcome:
        send(self.socket, LIMIT.pack(limit) + json.dumps(words).encode())
        head = json.loads(receive(self.socket))
        return Outcome(answer=receive(self.socket), **head)

    def close(self) -> None:
        self.socket.close()
        self.process.wait(timeout=20)


@pytest.fixture
def supervisor() -> Iterator[Spoken]:
    one = Spoken()
    yield one
    one.close()


def test_one_outcome_for_each_request(supervisor: Spoken) -> None:
    assert supervisor.ask("made") == Outcome("answered", b"1")
    assert supervisor.ask("sleep", 60, limit=0.2) == Outcome("late", what="took longer than 0.2 s and was stopped")
    assert supervisor.ask("exit", 5) == Outcome("died", what="ended its process with exit code 5")
    assert supervisor.ask("made") == Outcome("answered", b"1")


def test_what_it_prints_is_heard_for_each_request(supervisor: Spoken) -> None:
    assert supervisor.ask("warn", "\x1b[31mhello").printed == "\x1b[31mhello"
    assert supervisor.ask("made").printed == ""


def test_there_is_no_worker_before_the_first_request(supervisor: Spoken) -> None:
    assert below(supervisor.process.pid) == set()
    supervisor.ask("made")
    assert len(below(supervisor.process.pid)) == 1


def test_it_ends_with_its_socket(supervisor: Spoken) -> None:
    pid = json.loads(supervisor.ask("pid").answer)
    supervisor.socket.close()
    assert supervisor.process.wait(timeout=10) == 0
    assert soon(lambda: not is_alive(pid))


def test_it_ends_with_its_socket_while_the_worker_is_busy(supervisor: Spoken) -> None:
    pids = [json.loads(supervisor.ask(deed).answer) for deed in ("pid", "start_another")]
    send(supervisor.socket, LIMIT.pack(600.0) + b'["spin"]')
    supervisor.socket.close()
    assert supervisor.process.wait(timeout=10) == 0
    assert soon(lambda: not any(map(is_alive, pids)))


def test_a_worker_that_does_not_read_is_late(supervisor: Spoken) -> None:
    """A request larger than the socket's buffer is not waited for beyond the limit."""
    pid = json.loads(supervisor.ask("pid").answer)
    supervisor.ask("stop_later")
    assert soon(lambda: psutil.Process(pid).status() == psutil.STATUS_STOPPED)
    outcome = supervisor.ask("warn", "w" * 5_000_000, limit=1.0)
    assert outcome == Outcome("late", what="took longer than 1 s and was stopped")
    assert not is_alive(pid)
    assert supervisor.ask("made") == Outcome("answered", b"1")


def test_it_ends_with_its_run_even_where_the_socket_is_left_open() -> None:
    """A fork of the run, such as a data loader's, may hold the run's end of the socket."""
    ours, theirs = socketpair()
    ours.settimeout(60)
    hold, wait = os.pipe()
    script = (
        "import os, subprocess, sys\n"
        f"supervisor = subprocess.Popen([sys.executable, '-c', {MAIN!r}], stdin=0)\n"
        "print(supervisor.pid, flush=True)\n"
        f"os.read({hold}, 1)\n"
    )
    with subprocess.Popen(
        [sys.executable, "-c", script], stdin=theirs, stdout=subprocess.PIPE, pass_fds=[hold], env=environment()
    ) as run:
        theirs.close()
        assert run.stdout is not None
        pid = int(run.stdout.readline())
        send(ours, json.dumps(JOB).encode())
        send(ours, LIMIT.pack(20.0) + b'["made"]')
        assert json.loads(receive(ours))["fate"] == "answered"
        said = receive(ours)
        run.kill()
        assert said == b"1"
        assert soon(lambda: not is_alive(pid))
    for end in (hold, wait):
        os.close(end)
    ours.close()


def test_standard_input_is_not_the_socket(supervisor: Spoken) -> None:
    """What a worker runs must not be able to read requests by reading standard input."""
    assert supervisor.ask("read").answer == b'""'


@pytest.mark.parametrize(
    ("error", "says"),
    [
        ({"UserError": "fix it"}, "fix it"),
        ({"ValueError": "not\nlike this"}, "ValueError: not like this"),
        ({"SystemExit": "3"}, "SystemExit: 3"),
        ({"ValueError": "\ud800"}, "ValueError: \\ud800"),
        ({"UserError": ""}, "UserError"),
    ],
)
def test_why_it_is_not_ready(error: dict[str, str], says: str) -> None:
    one = Spoken(service="workers.services:raising", setup=error)
    assert one.ask("made") == Outcome("refused", what=says)
    one.close()


DIE_WITH = "import time; from whet.workers.supervisor import die_with; die_with({parent}); print('x'); time.sleep(9)"


def test_a_worker_whose_parent_is_gone_ends_at_once() -> None:
    script = DIE_WITH.format(parent=os.getpid() + 1_000_000)
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, check=False, timeout=60)
    assert (done.returncode, done.stdout) == (1, b"")
