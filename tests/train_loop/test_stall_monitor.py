"""What a run waits for is said while it waits."""

import time
from typing import Any

import pytest

from whet.train_loop.clock import Clock
from whet.train_loop.stall_monitor import StallMonitor, watched
from wiring import listening


class Hands(Clock):
    """A clock that is moved by hand."""

    time = 0.0

    def now(self) -> float:
        return Hands.time


@pytest.fixture
def clock() -> Any:
    Hands.time = 1000.0
    return Hands()


def test_a_long_phase_is_told_once_and_again_when_it_doubled(clock: Hands) -> None:
    lines, view = listening()
    dog = StallMonitor(clock, view)
    with clock.timing("grade"):
        for _ in range(30):
            Hands.time += 10.0
            dog.look()
    assert [line.split(", for ")[1] for line in lines] == ["1:00", "2:00", "4:00"]
    assert lines[0] == "still waiting for: rewards (a reward function of your own may hang), for 1:00"


def test_what_always_takes_long_is_not_worth_a_word(clock: Hands) -> None:
    lines, view = listening()
    dog = StallMonitor(clock, view)
    with clock.timing("rollout"):
        Hands.time += 50.0
    with clock.timing("rollout"):
        Hands.time += 499.0
        dog.look()
        assert lines == []
        Hands.time += 1.0
        dog.look()
    assert lines == ["still waiting for: responses being sampled, for 8:20; the longest so far took 0:50"]


def test_between_phases_nothing_is_said(clock: Hands) -> None:
    lines, view = listening()
    Hands.time += 1e6
    StallMonitor(clock, view).look()
    assert lines == []


def test_a_thread_looks_while_the_block_lasts(clock: Hands) -> None:
    lines, view = listening()
    with watched(clock, view, every=0.001), clock.timing("grade"):
        Hands.time += 100.0
        until = time.monotonic() + 30
        while not lines and time.monotonic() < until:
            time.sleep(0.001)
    assert lines
