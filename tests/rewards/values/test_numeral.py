"""Numbers as written, and what is close enough to a gold one."""

from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from whet.rewards.values.numeral import Numeral, is_finite_decimal, read_numeral, with_decimal_point


@pytest.mark.parametrize(
    ("text", "value", "rest"),
    [
        ("1,080", 1080, ""),
        ("10,50,000", 1050000, ""),
        ("12'345 m", 12345, " m"),
        ("12_345", 12345, ""),
        ("1 000 000", 10**6, ""),
        ("0.\\overline{36}", Fraction(4, 11), ""),
        ("0.8\\overline{3}", Fraction(5, 6), ""),
        ("0.\\dot{3}", Fraction(1, 3), ""),
        ("0.\\dot{1}4285\\dot{7}", Fraction(1, 7), ""),
        ("0.(3)", Fraction(1, 3), ""),
        ("0.8333...", Fraction(5, 6), ""),
        ("2.\\overline{3}", Fraction(7, 3), ""),
        ("3.2 \\times 10^{8} m", 320_000_000, " m"),
        ("10^6", 10**6, ""),
        ("4th of May", 4, " of May"),
        ("1,08", 1, ",08"),
        ("0,100", 0, ",100"),
    ],
)
def test_value_and_rest(text: str, value: Fraction | int, rest: str) -> None:
    found = read_numeral(text)
    assert found is not None
    assert (found[0].value, found[1]) == (value, rest)


@pytest.mark.parametrize("text", ["", "x", "-5", "1/0", "\\frac{1}{0}", "0.123...", "\\frac{1}"])
def test_no_number(text: str) -> None:
    assert read_numeral(text) is None


@pytest.mark.parametrize(
    ("text", "pointed"),
    [
        ("3,75", "3.75"),
        ("0,5", "0.5"),
        ("0,125", "0.125"),
        ("1.234,5", "1234.5"),
        ("1.234,567", "1234.567"),
        ("8,50 €", "8.50 €"),
    ],
)
def test_decimal_commas(text: str, pointed: str) -> None:
    assert with_decimal_point(text) == pointed


@pytest.mark.parametrize("text", ["3,750", "1,2,3", "3.75", "3, 75", "12,345,6"])
def test_other_commas(text: str) -> None:
    assert with_decimal_point(text) is None


def number(text: str) -> Numeral:
    found = read_numeral(text)
    assert found is not None
    return found[0]


@pytest.mark.parametrize(
    ("given_text", "gold", "equal"),
    [
        ("0.333333", "1/3", True),
        ("0.666667", "2/3", True),
        ("0.666666", "2/3", True),
        ("0.666665", "2/3", False),
        ("0.33333", "1/3", False),
        ("2/3", "0.666667", True),
        ("0.3", "0.30000001192092896", True),
        ("101.3", "101.30000305175781", True),
        ("0.3", "0.30000000000000004", True),
        ("0.3", "0.3000001", False),
        ("0.30000001", "0.3", False),
        ("0.1234567", "0.1234568", False),
        ("12/4", "3", False),
        ("3", "12/4", True),
        ("82/1", "82", True),
        ("6/8", "3/4", True),
    ],
)
def test_equality(given_text: str, gold: str, equal: bool) -> None:
    assert number(given_text).equals(number(gold)) is equal


@given(st.fractions(max_denominator=10**6).map(abs), st.fractions(max_denominator=10**6).map(abs))
def test_two_different_fractions_are_never_equal(one: Fraction, other: Fraction) -> None:
    assert number(f"\\frac{{{one.numerator}}}{{{one.denominator}}}").equals(
        number(f"\\frac{{{other.numerator}}}{{{other.denominator}}}")
    ) == (one == other)


@given(st.decimals(0, 1000, places=5), st.decimals(0, 1000, places=5))
def test_two_different_decimals_are_never_equal(one: object, other: object) -> None:
    assert number(f"{one}").equals(number(f"{other}")) == (one == other)


def test_finite_decimals() -> None:
    assert [is_finite_decimal(Fraction(1, n)) for n in (1, 2, 3, 40, 7, 25)] == [True, True, False, True, False, True]
