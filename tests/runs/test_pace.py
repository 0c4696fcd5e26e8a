"""How fast a phase went."""

from whet.runs.pace import Pace


def line(seconds: float, rate: float, eta: float) -> dict[str, float]:
    return {"step": 0, "step_time": seconds, "tokens_per_second": rate, "efficiency": eta, "seconds/rollout": 1.0}


def test_medians_so_that_a_slow_first_step_does_not_count() -> None:
    assert Pace.of([line(90.0, 10.0, 0.01), line(8.0, 120.0, 0.5), line(9.0, 100.0, 0.4)]) == Pace(3, 9.0, 100.0, 0.4)
    assert Pace.of([line(8.0, 120.0, 0.5), line(10.0, 100.0, 0.4)]) == Pace(2, 9.0, 110.0, 0.45)


def test_nothing_timed_has_no_pace() -> None:
    assert Pace.of([]) is None
