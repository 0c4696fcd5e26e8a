"""Arithmetic, worked out exactly or refused."""

import math
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rewards.hostile import HOSTILE
from whet.rewards.values.calculation import MOST_BITS, calculate


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("37 + 45", 82),
        ("2 - 3 - 4", -5),
        ("2 * (3 + 4) / 7", 2),
        ("12 \\div 5", Fraction(12, 5)),
        ("2^{10}", 1024),
        ("2^{-2}", Fraction(1, 4)),
        ("-3^2", -9),
        ("(-3)^2", 9),
        ("5!", 120),
        ("5!!", 15),
        ("6!!", 48),
        ("0!", 1),
        ("\\frac{10!}{8!}", 90),
        ("\\binom{5}{2}", 10),
        ("2\\frac{1}{3}", Fraction(7, 3)),
        ("2(3+4)", 14),
        ("\\sqrt{49}", 7),
        ("\\sqrt{\\frac{1}{4}}", Fraction(1, 2)),
        ("25%", Fraction(1, 4)),
        ("1,080 + 20", 1100),
        ("\\frac{1}{2^{61}}", Fraction(1, 2**61)),
    ],
)
def test_exact(text: str, value: Fraction | int) -> None:
    assert calculate(text) == value
    assert isinstance(calculate(text), Fraction)


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("2\\pi", 2 * math.pi),
        ("3\\sqrt{2}", 3 * 2**0.5),
        ("\\ln{2}", math.log(2)),
        ("e^2", math.e**2),
        ("2^{0.5}", 2**0.5),
    ],
)
def test_rounded(text: str, value: float) -> None:
    found = calculate(text)
    assert isinstance(found, float)
    assert math.isclose(found, value, rel_tol=1e-14)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "x",
        "2x",
        "1/0",
        "2^",
        "(1",
        "1)",
        "1 2",
        "five",
        "\\sqrt{-1}",
        "2^{99999}",
        "9^9^9",
        "(9!)!",
        "1000!",
        "+" * 99 + "1",
    ],
)
def test_refused(text: str) -> None:
    assert calculate(text) is None


@pytest.mark.parametrize("text", HOSTILE)
def test_hostile_text_is_refused_or_small(text: str) -> None:
    found = calculate(text)
    assert not isinstance(found, Fraction) or found.numerator.bit_length() <= MOST_BITS


@given(st.integers(-999, 999), st.integers(-999, 999), st.integers(1, 999))
def test_as_python_computes_it(one: int, two: int, three: int) -> None:
    assert calculate(f"({one}) + ({two}) * ({one}) / {three}") == one + Fraction(two * one, three)


@pytest.mark.parametrize("text", ["3x+2", "2x-4", "4x", "x+1", "2x\\sqrt{2}", "3x(2)"])
def test_x_is_a_variable_but_for_one_between_numbers(text: str) -> None:
    assert calculate(text) is None
    assert calculate("3 x 4") == calculate("3x4") == 12
