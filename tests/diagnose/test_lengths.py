"""Lengths against the limit, on numbers counted by hand."""

import pytest

from whet.diagnose.lengths import Quantiles, measure_lengths, quantiles


def test_quantiles_are_nearest_ranks() -> None:
    assert quantiles(list(range(1, 101))) == Quantiles(median=50, p95=95, longest=100)
    assert quantiles([7]) == Quantiles(7, 7, 7)
    assert quantiles([9, 1]) == Quantiles(median=1, p95=9, longest=9)


def test_solutions_at_the_limit_fit_and_beyond_it_do_not() -> None:
    report = measure_lengths([10, 20], [99, 100, 101, 250], max_tokens=100)
    assert (report.truncated, report.checked, report.truncated_share) == (2, 4, 0.5)
    assert not report.holds_solutions
    assert report.prompts == Quantiles(10, 20, 20)


def test_the_suggestion_has_headroom() -> None:
    # 1.5 · 60 = 90, rounded up to a multiple of 8
    assert measure_lengths([5], [60] * 100, max_tokens=64).suggested == 96


def test_the_suggestion_is_never_below_the_limit() -> None:
    report = measure_lengths([5], [60] * 100, max_tokens=512)
    assert (report.suggested, report.truncated, report.holds_solutions) == (512, 0, True)


def test_the_suggestion_holds_99_of_100() -> None:
    # 1.5 · 40 = 60 would cut the ones of 200 off; the single giant is let go
    solutions = [40] * 960 + [200] * 39 + [9000]
    report = measure_lengths([5], solutions, max_tokens=64)
    assert report.suggested == 200
    assert sum(length > report.suggested for length in solutions) == 1
    assert measure_lengths([5], solutions, max_tokens=report.suggested).holds_solutions


def test_without_solutions_there_is_nothing_to_truncated() -> None:
    report = measure_lengths([5], [], max_tokens=64)
    assert (report.solutions, report.checked, report.truncated_share, report.suggested) == (None, 0, 0.0, 64)
    assert report.holds_solutions


def test_prompts_that_leave_no_room_are_counted() -> None:
    assert measure_lengths([10, 36, 37, 90], [], max_tokens=64, context=100).crowded == 2
    assert measure_lengths([10, 36, 37, 90], [], max_tokens=64).crowded == 0


def test_no_prompts_are_refused() -> None:
    with pytest.raises(ValueError, match="no lengths"):
        measure_lengths([], [], max_tokens=64)
