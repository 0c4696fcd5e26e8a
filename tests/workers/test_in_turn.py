"""Calls are made in order, beside the caller."""

import threading

import pytest

from processes import soon
from whet.workers.in_turn import InTurn


def test_one_after_the_other() -> None:
    turns, made = InTurn(), []
    go = threading.Event()
    first = turns.submit(go.wait)
    rest = [turns.submit(lambda number=number: made.append(number)) for number in range(50)]
    assert not turns.idle
    assert made == []
    go.set()
    assert first.result(timeout=10)
    assert [future.result(timeout=10) for future in rest] == [None] * 50
    assert made == list(range(50))


def test_the_thread_goes_and_comes_back() -> None:
    turns = InTurn()
    for _ in range(2):
        assert turns.submit(threading.current_thread).result(timeout=10).daemon
        assert soon(lambda: turns.idle)


def test_what_a_call_raises() -> None:
    turns = InTurn()

    def quits() -> None:
        raise SystemExit(3)

    for call, kind in ((quits, SystemExit), (lambda: 1 / 0, ZeroDivisionError)):
        with pytest.raises(kind):
            turns.submit(call).result(timeout=10)
    assert turns.submit(lambda: 5).result(timeout=10) == 5


def test_a_call_that_nobody_wants_is_not_made() -> None:
    turns, made = InTurn(), []
    go = threading.Event()
    turns.submit(go.wait)
    dropped = turns.submit(lambda: made.append("dropped"))
    assert dropped.cancel()
    go.set()
    turns.submit(lambda: made.append("wanted")).result(timeout=10)
    assert made == ["wanted"]
