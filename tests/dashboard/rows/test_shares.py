"""Shares with intervals, and other small values."""

import pytest

from whet.dashboard.rows.shares import clipped, difference, finite, mean, numbers, share
from whet.eval.statistics import paired_difference


def test_a_share_has_the_wilson_interval() -> None:
    found = share(8, 10)
    assert found is not None
    assert (found["value"], found["right"], found["n"]) == (0.8, 8, 10)
    assert found["low"] == pytest.approx(0.4902, abs=1e-4)  # Wilson 1927, as tabled
    assert found["high"] == pytest.approx(0.9433, abs=1e-4)


def test_a_share_of_nothing_is_none() -> None:
    assert share(0, 0) is None
    assert share(None, 5) is None
    assert share(1, None) is None


def test_a_difference_keeps_its_figures() -> None:
    found = difference(paired_difference([True, False, False, True], [True, True, True, True]))
    assert (found["difference"], found["fixed"], found["broken"], found["p_value"], found["n"]) == (0.5, 2, 0, 0.5, 4)


def test_what_is_no_number_is_left_out() -> None:
    assert finite(float("nan")) is None
    assert finite(2.0) == 2.0
    assert numbers([1.0, None, float("nan"), float("inf"), 2]) == [1.0, 2]
    assert mean([]) is None


def test_a_text_is_cut_where_asked() -> None:
    assert clipped("abcd", 3) == ("abc", True)
    assert clipped("abc", 3) == ("abc", False)
