"""Where a step's seconds go."""

import time

import pytest

from whet.train_loop.clock import Clock


class Hands:
    """A clock that is set by hand."""

    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def hands(monkeypatch: pytest.MonkeyPatch) -> Hands:
    hands = Hands()
    monkeypatch.setattr(time, "perf_counter", hands)
    return hands


def test_time_since_the_last_restart(hands: Hands) -> None:
    clock = Clock()
    hands.now += 3.0
    assert clock.elapsed() == 3.0
    clock.restart()
    hands.now += 0.5
    assert clock.elapsed() == 0.5


def test_every_call_is_counted_under_its_name(hands: Hands) -> None:
    clock = Clock()
    for name, seconds in (("rollout", 1.0), ("rollout", 0.25), ("grade", 4.0)):
        with clock.timing(name):
            hands.now += seconds
    assert clock.seconds == {"rollout": 1.25, "grade": 4.0}


def test_a_new_step_counts_from_zero(hands: Hands) -> None:
    clock = Clock()
    for seconds in (1.0, 2.0):
        clock.restart()
        with clock.timing("rollout"):
            hands.now += seconds
    assert clock.seconds == {"rollout": 2.0}


def test_a_call_that_fails_took_time_too(hands: Hands) -> None:
    clock = Clock()

    def fail() -> None:
        with clock.timing("rollout"):
            hands.now += 2.0
            raise ValueError("it broke")

    with pytest.raises(ValueError, match="it broke"):
        fail()
    assert clock.seconds == {"rollout": 2.0}
    assert clock.under_way == ("", 0.0)


def test_the_clock_starts_anew_with_each_step() -> None:
    clock = Clock()
    for step in clock.each([4, 5]):
        assert clock.seconds == {}
        clock.seconds["rollout"] += step
    assert clock.seconds == {"rollout": 5}


def test_the_phase_under_way_and_the_longest_so_far(hands: Hands) -> None:
    clock = Clock()
    assert clock.under_way == ("", 0.0)
    for seconds in (3.0, 7.0, 2.0):
        with clock.timing("grade"):
            assert clock.under_way == ("grade", hands.now)
            hands.now += seconds
    clock.restart()
    assert clock.under_way == ("", 0.0)
    assert clock.longest == {"grade": 7.0}, "of all steps"
    assert clock.seconds == {}
