"""Each sign in a run's held-out measurements, with figures by hand."""

from math import sqrt

import pytest

from whet.diagnose import heldout_signals
from whet.diagnose.history import History


def measured(accuracy: float, lenient: float | None = None, kept: float = 1.0, problems: int = 400) -> dict[str, float]:
    """A summary."""
    found = accuracy if lenient is None else lenient
    return {"problems": problems, "accuracy": accuracy, "lenient_accuracy": found, "format_rate": kept}


def steps(history: History, rewards: list[float], accuracy: float | None = None) -> History:
    for reward in rewards:
        right = {} if accuracy is None else {"rewards/accuracy/mean": accuracy}
        history.add({"reward": reward, **right})
    return history


def a_run(*summaries: dict[str, float], rewards: tuple[float, ...] = (), accuracy: float | None = None) -> History:
    """A first measurement, and 20 steps of each reward in turn before each further one."""
    history, (first, *later) = History(("accuracy",)), summaries
    history.measured(first)
    for summary, reward in zip(later, rewards or (0.5,) * len(later), strict=True):
        steps(history, [reward] * 20, accuracy)
        history.measured(summary)
    return history


def test_a_fall_is_told_in_standard_errors() -> None:
    history = a_run(measured(0.4), measured(0.6), measured(0.5), rewards=(0.3, 0.7))
    reading = heldout_signals.accuracy_lost(history)
    assert reading is not None
    p = 0.55
    assert reading.figure == pytest.approx(0.1 / sqrt(p * (1 - p) * 2 / 400))
    assert not reading.suppressed
    assert dict(reading.words) == {"best": "60 %", "now": "50 %", "reward_before": "0.30", "reward_now": "0.70"}


def test_a_fall_with_the_reward_is_no_gaming() -> None:
    reading = heldout_signals.accuracy_lost(a_run(measured(0.4), measured(0.6), measured(0.5), rewards=(0.5, 0.3)))
    assert reading is not None
    assert reading.suppressed


def test_a_rise_is_a_fall_below_zero() -> None:
    reading = heldout_signals.accuracy_lost(a_run(measured(0.4), measured(0.6)))
    assert reading is not None
    assert reading.figure < 0
    assert heldout_signals.accuracy_lost(a_run(measured(0.4))) is None


def test_nothing_right_twice_is_no_change() -> None:
    reading = heldout_signals.accuracy_lost(a_run(measured(0.0), measured(0.0)))
    assert reading is not None
    assert reading.figure == 0


def test_the_share_of_a_gain_that_is_layout() -> None:
    reading = heldout_signals.layout_share(a_run(measured(0.1, 0.45, 0.2), measured(0.5, 0.55, 0.9)))
    assert reading is not None
    assert reading.figure == pytest.approx(1 - 0.1 / 0.4)
    assert not reading.suppressed
    small = heldout_signals.layout_share(a_run(measured(0.10, 0.4), measured(0.12, 0.4)))
    assert small is not None
    assert small.suppressed, "a gain within noise"


@pytest.mark.parametrize(
    ("lenient", "accuracy", "suppressed"),
    [(0.40, 0.3, False), (0.46, 0.3, True)],
)
def test_layout_alone(lenient: float, accuracy: float, suppressed: bool) -> None:
    """One standard error of a gain of 400 at 0.4 is 3.5 points."""
    reading = heldout_signals.layout_alone(
        a_run(measured(0.2, 0.4, 0.3), measured(0.38, lenient, 0.9), accuracy=accuracy)
    )
    assert reading is not None
    assert reading.figure == pytest.approx(0.6)
    assert reading.suppressed is suppressed


def test_a_reward_for_being_right_that_rises_pays_for_the_layout() -> None:
    history = a_run(measured(0.2, 0.4, 0.3))
    steps(history, [0.5] * 20, accuracy=0.2)
    steps(history, [0.5] * 20, accuracy=0.3)
    history.measured(measured(0.4, 0.4, 0.9))
    reading = heldout_signals.layout_alone(history)
    assert reading is not None
    assert reading.suppressed


@pytest.mark.parametrize(
    ("summary", "figure", "suppressed"),
    [
        (measured(0.4, 0.5), 0.2, False),
        (measured(0.4, 0.5, kept=0.95), 0.1, False),  # at most half of it can be the layout's fault
        (measured(0.4, 0.5, kept=0.5), 0.0, True),
        (measured(0.4, 0.5, problems=50), 0.2, True),  # five responses
        (measured(0.0, 0.0), 0.0, True),
    ],
)
def test_what_keeps_the_layout_and_is_called_wrong(summary: dict[str, float], figure: float, suppressed: bool) -> None:
    reading = heldout_signals.unrecognised(a_run(summary))
    assert reading is not None
    assert reading.figure == pytest.approx(figure)
    assert reading.suppressed is suppressed
