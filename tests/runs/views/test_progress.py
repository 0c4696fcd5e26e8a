"""How far a phase has come."""

import pytest

from whet.runs.views.progress import Phase, Phases


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
    assert (phase.position, phase.left) == ("", None)


def test_absent_figures_keep_their_last_value() -> None:
    phase = Phase("warm start", 3)
    phase.advance(1, {"loss": 2.0, "held_out_loss": 1.5})
    phase.advance(2, {"loss": 1.0, "held_out_loss": None})
    phase.advance(3, {"loss": float("nan")})
    assert phase.figures == {"loss": 1.0, "held_out_loss": 1.5}
    assert phase.history == {"loss": [2.0, 1.0], "held_out_loss": [1.5]}


def test_a_phase_goes_on_after_another_with_its_time_and_its_curve() -> None:
    time = Time()
    phases = Phases(time)
    grpo = phases.begin("GRPO", 10)
    time.now += 20
    grpo.advance(5, {"reward": 0.5})
    eval_set = phases.begin("evaluate", 3)
    time.now += 1000
    assert (grpo.elapsed, eval_set.elapsed) == (20, 1000)
    assert phases.begin("GRPO", 10, start=5) is grpo
    assert phases.current is grpo
    time.now += 4
    grpo.advance(6, {"reward": 0.6})
    assert (grpo.elapsed, grpo.left) == (24, pytest.approx(16))
    assert grpo.history == {"reward": [0.5, 0.6]}


@pytest.mark.parametrize(("total", "start"), [(10, 0), (10, 4), (12, 5)])
def test_a_phase_of_the_same_name_is_a_new_one_unless_it_goes_on_where_it_was(total: int, start: int) -> None:
    phases = Phases()
    phases.begin("check", 10).advance(5, {"reward": 0.5})
    again = phases.begin("check", total, start)
    assert (again.done, again.figures) == (start, {})


def test_no_phase_is_at_work_before_the_first_and_after_the_end() -> None:
    phases = Phases()
    assert phases.current is None
    phases.begin("check", None)
    phases.end()
    phases.end()
    assert phases.current is None


def test_the_headline_is_the_first_that_is_reported() -> None:
    phase = Phase("warm start", 2)
    assert phase.headline is None
    phase.advance(1, {"loss": 1.0})
    assert phase.headline == "loss"
    phase.advance(2, {"reward": 1.0})
    assert phase.headline == "reward"
