"""A head that does not answer: borne for a while, then told."""

import os
import socket
from typing import Any

import pytest

from whet.cluster.ray_head import Head, why_silent
from whet.errors import ProcessLost


def test_a_real_head_is_found_and_its_end_is_told() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        address = f"127.0.0.1:{server.getsockname()[1]}"
        assert why_silent(address) == ""
    assert why_silent(address) == os.strerror(111)
    assert why_silent("127.0.0.1:99999"), "no such port"
    assert why_silent("no-such-host.invalid:6379"), "no such host"


class Clocked:
    """A clock that is set, and a head that answers while `there`."""

    def __init__(self) -> None:
        self.now, self.there, self.looks = 100.0, True, 0

    def connect(self, address: Any, seconds: float) -> Any:
        self.looks += 1
        assert address == ("gpu-7", 6379)
        if not self.there:
            raise ConnectionRefusedError(111, "Connection refused")
        return socket.socket()

    def passes(self, head: Head, seconds: int) -> None:
        for _ in range(seconds):
            self.now += 1.0
            head.refuse_lost()


def test_a_head_that_is_restarted_is_waited_for_and_one_that_is_gone_is_not() -> None:
    clocked = Clocked()
    head = Head("gpu-7:6379", clocked.connect, lambda: clocked.now, patience=20)
    clocked.passes(head, 5)
    clocked.there = False
    clocked.passes(head, 20)
    clocked.there = True
    clocked.passes(head, 1)
    clocked.there = False
    clocked.passes(head, 20)
    with pytest.raises(ProcessLost, match=r"at gpu-7:6379 has not answered for 20 s \(Connection refused\)"):
        clocked.passes(head, 2)


def test_it_looks_once_a_second_at_most() -> None:
    clocked = Clocked()
    head = Head("gpu-7:6379", clocked.connect, lambda: clocked.now)
    for _ in range(20):
        clocked.now += 0.25
        head.refuse_lost()
    assert clocked.looks == 5
