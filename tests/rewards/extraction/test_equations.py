"""Equations whose right side is the answer."""

import pytest

from whet.rewards.extraction.equations import result


@pytest.mark.parametrize(
    ("text", "right"),
    [
        ("6 \\times 9 = 54", "54"),
        ("$90 / 4 = 22.5$", "22.5"),
        ("20 / 3 = 6.67", "6.67"),
        ("20 / 3 = 6", "6"),
        ("15% × 200 = 30", "30"),
        ("$5 * 3 = $15", "$15"),
        ("1,200 + 34 = 1,234", "1,234"),
        ("\\frac{1}{4} = 0.25", "0.25"),
    ],
)
def test_result(text: str, right: str) -> None:
    assert result(text).forms == (right,)


@pytest.mark.parametrize(
    "text", ["6 \\times 9 = 56", "2 + 3 = 23", "\\frac{9}{3} = 4", "1/4 = 0.35", "2^4 = 8", "9 ÷ 3 = 2", "70 - 2 = 71"]
)
def test_a_false_equation_is_refused(text: str) -> None:
    assert result(text).refused


@pytest.mark.parametrize("text", ["54", "x = 54", "54 = 54", "a + b = 54", "6 * 9 = x"])
def test_no_arithmetic(text: str) -> None:
    assert (result(text).forms, result(text).refused) == ((), "")
