"""What is remembered of a run: how it began, how it is now, and no more memory the longer it goes."""

from statistics import fmean, variance

import pytest

from whet.diagnose.history import LEVELS, WIDE, WINDOW, Change, History, Series, change


def series(*values: float) -> Series:
    made = Series()
    for value in values:
        made.add(value)
    return made


def test_a_change_by_hand() -> None:
    before, now = [1.0, 2.0, 3.0], [5.0, 5.0, 8.0, 6.0]
    moved = change(before, now)
    assert moved is not None
    assert (moved.before, moved.now) == (2.0, 6.0)
    assert moved.error == pytest.approx((variance(before) / 3 + variance(now) / 4) ** 0.5)
    assert change(before[:2], now) is None


@pytest.mark.parametrize(
    ("moved", "rose"),
    [
        (Change(0.3, 0.45, 0.05), True),
        (Change(0.3, 0.39, 0.05), False),  # within two standard errors
        (Change(0.3, 0.31, 0.001), False),  # too little to matter
        (Change(0.5, 0.3, 0.01), False),
    ],
)
def test_a_rise_is_more_than_noise(moved: Change, rose: bool) -> None:
    assert moved.rose() is rose


def test_the_two_ends_never_overlap() -> None:
    moved = series(1, 1, 1, 9, 9, 9, 9).change()
    assert moved is not None
    assert (moved.before, moved.now) == (1.0, 9.0)
    assert series(1, 1, 9, 9, 9).change() is None, "two steps are too few"


def test_the_ends_are_windows() -> None:
    values = [float(n) for n in range(100)]
    moved = series(*values).change()
    wide = series(*values).change(WIDE)
    assert moved is not None
    assert wide is not None
    assert (moved.before, moved.now) == (fmean(values[:WINDOW]), fmean(values[-WINDOW:]))
    assert (wide.before, wide.now) == (fmean(values[:WIDE]), fmean(values[-WIDE:]))


def test_levels_are_means_of_a_window() -> None:
    assert series(*[1.0] * WINDOW, *[3.0] * WINDOW, 7.0).levels == [1.0, 3.0]


def test_a_long_run_takes_no_more_memory() -> None:
    one = series(*(float(n) for n in range(20_000)))
    assert (len(one.first), len(one.latest), one.count) == (WIDE, WIDE, 20_000)
    assert LEVELS / 4 <= len(one.levels) < LEVELS
    gaps = {b - a for a, b in zip(one.levels, one.levels[1:], strict=False)}
    assert len(gaps) == 1, "levels stay evenly spaced"
    assert one.levels[-1] > 19_000


def test_the_last_values() -> None:
    one = series(1, 2, 3)
    assert (one.last(2), one.last(9), one.last(0)) == ([2, 3], [1, 2, 3], [])


def test_what_is_no_number_is_left_out() -> None:
    history = History()
    for value in (1.0, None, float("nan"), float("inf"), 3):
        history.add({"kl": value})
    assert history["kl"].last(9) == [1.0, 3.0]
    assert history["absent"].count == 0


def test_reward_functions_are_found_by_name() -> None:
    history = History(("accuracy", "exact_match"))
    history.add({"rewards/exact_match/mean": 0.5, "rewards/mine/mean": 0.1, "reward": 0.6})
    assert history.correctness == ["rewards/exact_match/mean"]


def test_the_reward_since_a_measurement() -> None:
    history = History()
    history.measured({"accuracy": 0.5})
    for _ in range(30):
        history.add({"reward": 1.0})
    history.measured({"accuracy": 0.6})
    for _ in range(25):
        history.add({"reward": 3.0})
    first, second = (history.reward_change(held_out) for held_out in history.held_out)
    assert first is not None
    assert second is not None
    assert (first.before, first.now) == (1.0, 3.0), "before any step there is only the start to compare with"
    assert (second.before, second.now) == (1.0, 3.0)
