"""Times and ratios."""

from fractions import Fraction

import pytest

from whet.rewards.values.time_of_day import read_ratio, read_time


@pytest.mark.parametrize(
    ("given", "gold", "equal"),
    [
        ("3:30 pm", "15:30", True),
        ("3:30", "3:30 p.m.", True),
        ("3:30", "15:30", False),
        ("3:30 am", "3:30 pm", False),
        ("5 pm", "5:00 PM", True),
        ("12:15 am", "0:15", True),
        ("noon", "12:00 pm", True),
        ("midnight", "12:00 am", True),
        ("3:31", "3:30", False),
        ("at 3:30\\text{ pm}", "3:30 pm", True),
        ("1:02:03", "1:02:04", False),
    ],
)
def test_times(given: str, gold: str, equal: bool) -> None:
    one, other = read_time(given), read_time(gold)
    assert one is not None
    assert other is not None
    assert one.equals(other) is other.equals(one) is equal


@pytest.mark.parametrize("text", ["3", "3:2", "3:75", "25:00", "13 pm", "0 am", "", "5 pm or 6 pm"])
def test_what_is_no_time(text: str) -> None:
    assert read_time(text) is None


def test_ratios() -> None:
    assert read_ratio("6:4") == read_ratio("3 : 2") == (1, Fraction(2, 3))
    assert read_ratio("1:2:3") == (1, 2, 3)
    assert [read_ratio(text) for text in ("3/2", "0:2", "3:", "3", "1:2:3:4")] == [None] * 5
