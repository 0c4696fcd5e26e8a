"""One value in two notations is one answer."""

import pytest

from whet.rewards.extraction.alternatives import all_equal, same_value
from whet.rewards.extraction.values import values


@pytest.mark.parametrize(
    ("text", "equal"),
    [
        ("3/4 or 75%", True),
        ("The probability is 3/4, or equivalently 0.75", True),
        ("\\frac{1}{2} or 0.5 or 50%", True),
        ("3/4 or 70%", False),
        ("18 or 20", False),
        ("not 3/4 or 75%", False),
        ("3/4 or 75% of it", False),
        ("3/4 more or 75%", False),
        ("50 or 50% or 0.5", False),
    ],
)
def test_all_equal(text: str, equal: bool) -> None:
    assert all_equal(text, values(text)) is equal


def test_same_value() -> None:
    assert [same_value(*pair) for pair in (("3/4", "0.75"), (r"\$4.00", "4"), ("75%", "0.7"), ("x", "x"))] == [
        *(True, True, False, False)
    ]
