"""The worker's side of the conversation, held in a thread."""

import os
import subprocess
import sys
import threading
from collections.abc import Callable
from socket import socketpair

import pytest

from whet.errors import UserError
from whet.workers.frames import receive, send
from whet.workers.service import READY, Service, find, serve
from workers import services


def conversation(make: Callable[[], Service], *requests: bytes) -> list[bytes]:
    """What is said in return, up to the end."""
    keeper, worker = socketpair()

    def work() -> None:
        with worker:
            try:
                serve(worker, make)
            except (EOFError, OSError):
                return

    thread = threading.Thread(target=work)
    thread.start()
    with keeper:
        said = [receive(keeper)]
        for request in requests:
            send(keeper, request)
            said.append(receive(keeper))
    thread.join(timeout=10)
    assert not thread.is_alive()
    return said


def test_ready_and_then_answers() -> None:
    assert conversation(lambda: bytes.upper, b"a", b"", b"bc") == [READY, b"A", b"", b"BC"]


@pytest.mark.parametrize(
    ("error", "says"),
    [
        (UserError("fix it"), b"fix it"),
        (ValueError("not\nlike this"), b"ValueError: not like this"),
        (SystemExit(3), b"SystemExit: 3"),
        (ValueError("\ud800"), b"ValueError: \\ud800"),
        (UserError(""), b"UserError"),
    ],
)
def test_why_it_is_not_ready(error: BaseException, says: bytes) -> None:
    def make() -> Service:
        raise error

    assert conversation(make) == [says]


def test_services_are_found_by_name() -> None:
    assert find("workers.services:obey") is services.obey


DIE_WITH = "import time; from whet.workers.service import die_with; die_with({parent}); print('alive'); time.sleep(9)"


def test_a_worker_whose_parent_is_gone_ends_at_once() -> None:
    script = DIE_WITH.format(parent=os.getpid() + 1_000_000)
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, check=False, timeout=60)
    assert (done.returncode, done.stdout) == (1, b"")
