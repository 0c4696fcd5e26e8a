"""How far a phase has come."""

import pytest

from whet.runs.progress import Phase


class Time:
    """A clock that is set by hand."""

    now = 100.0

    def __call__(self) -> float:
        return self.now


def test_time_left_follows_the_pace_so_far() -> None:
    time = Time()
    phase = Phase("GRPO", 10, clock=time)
    assert phase.left is None
    time.now += 8
    phase.advance(4, {})
    assert phase.left == pytest.approx(12)
    time.now += 2
    assert phase.elapsed == 10


def test_a_resumed_phase_counts_only_what_it_did_itself() -> None:
    time = Time()
    phase = Phase("GRPO", 100, start=90, clock=time)
    assert (phase.done, phase.left) == (90, None)
    time.now += 10
    phase.advance(95, {})
    assert phase.left == pytest.approx(10)


def test_a_phase_without_an_end_has_no_position() -> None:
    phase = Phase("model", None)
    phase.advance(3, {})
    assert (phase.position, phase.left, phase.is_complete) == ("", None, True)


def test_absent_figures_keep_their_last_value() -> None:
    phase = Phase("warm start", 3)
    phase.advance(1, {"loss": 2.0, "held_out_loss": 1.5})
    phase.advance(2, {"loss": 1.0, "held_out_loss": None})
    phase.advance(3, {"loss": float("nan")})
    assert phase.figures == {"loss": 1.0, "held_out_loss": 1.5}
    assert phase.history == {"loss": [2.0, 1.0], "held_out_loss": [1.5]}


def test_complete_means_all_done_and_not_stopped() -> None:
    phase = Phase("GRPO", 2)
    assert not phase.is_complete
    phase.advance(2, {})
    assert phase.is_complete
    phase.stopped = True
    assert not phase.is_complete


def test_the_headline_is_the_first_that_is_reported() -> None:
    phase = Phase("warm start", 2)
    assert phase.headline is None
    phase.advance(1, {"loss": 1.0})
    assert phase.headline == "loss"
    phase.advance(2, {"reward": 1.0})
    assert phase.headline == "reward"
