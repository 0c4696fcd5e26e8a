"""Numbers as people write them; values worked out by hand or by Python's own Fraction and Decimal."""

from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rewards.hostile import HOSTILE
from whet.rewards.quantities import LONGEST, Quantity, quantity
from whet.rewards.values.numeral import Numeral
from whet.rewards.values.tail import Tail


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("82", 82),
        ("-5", -5),
        ("−5", -5),
        ("+5", 5),
        ("- 5", -5),
        ("007", 7),
        ("1,080", 1080),
        ("109,200,000", 109_200_000),
        ("1 000 000", 10**6),
        ("1\u202f000", 1000),
        ("10,\\!080", 10080),
        ("11,\\! 111,\\! 111,\\! 100", 11_111_111_100),
        ("1{,}000", 1000),
        ("3.50", Fraction(7, 2)),
        ("3.", 3),
        (".5", Fraction(1, 2)),
        ("72.", 72),
        ("82 .", 82),
        ("$18", 18),
        ("\\$18.90", Fraction("18.9")),
        ("$18$", 18),
        ("$$18$$", 18),
        ("-$5", -5),
        ("$-5", -5),
        ("€5", 5),
        ("5€", 5),
        ("3/4", Fraction(3, 4)),
        ("-3/4", Fraction(-3, 4)),
        ("1 1/2", Fraction(3, 2)),
        ("\\frac{3}{4}", Fraction(3, 4)),
        ("\\dfrac{17}{50}", Fraction(17, 50)),
        ("\\frac34", Fraction(3, 4)),
        ("\\frac 59", Fraction(5, 9)),
        ("\\frac9{19}", Fraction(9, 19)),
        ("-\\frac{35}{9}", Fraction(-35, 9)),
        ("\\frac{-35}{9}", Fraction(-35, 9)),
        ("1\\frac{4}{5}", Fraction(9, 5)),
        ("-1\\frac{4}{5}", Fraction(-9, 5)),
        ("137 \\frac{1}{2}", Fraction(275, 2)),
        ("1.5e3", 1500),
        ("1.5E-3", Fraction(3, 2000)),
        ("1.5 × 10^3", 1500),
        ("1.5 \\times 10^{-3}", Fraction(3, 2000)),
        ("2 million", 2 * 10**6),
        ("$2.5 million dollars", 2_500_000),
        ("five", 5),
        ("twenty-five", 25),
        ("٣", 3),
        ("minus 12", -12),
        ("2 dozen", 24),
        ("US$8.50", Fraction(17, 2)),
        ("8,50 €", Fraction(17, 2)),
        ("Rs. 850", 850),
        ("2 and a half hours", Fraction(5, 2)),
        ("The answer is 42", 42),
        ("5 cm", 5),
        ("5cm", 5),
        ("15\\mbox{ cm}^2", 15),
        ("864 \\mbox{ inches}^2", 864),
        ("\\frac{270}7\\text{ degrees}", Fraction(270, 7)),
        ("90^\\circ", 90),
        ("30°", 30),
        ("4th", 4),
        ("50%", 50),
        ("50\\%", 50),
        ("50 percent of the students", 50),
        ("x = 5", 5),
        ("f(2) = 5", 5),
        ("\\angle ABC = 5", 5),
        ("Total cost = $5", 5),
        ("30 - 16 = 14 marbles", 14),
        ("5 x 3 = 15", 15),
        ("\\approx 5", 5),
        ("about 5", 5),
        ("**5**", 5),
        ("(5)", 5),
        ("\\boxed{5}", 5),
        ("\\text{5}", 5),
        ("\\(5\\)", 5),
    ],
)
def test_numbers(text: str, value: Fraction | int) -> None:
    found = quantity(text)
    assert found is not None
    assert found.value == value


@pytest.mark.parametrize(
    "text",
    [
        "",
        "2x",
        "2 x",
        "2k",
        "7\\pi",
        "3\\sqrt{2}",
        "5, 6",
        "5 or 6",
        "5 and 6",
        "1 2 3",
        "0 100",
        "0,100",
        "1,2",
        "5-3",
        "37+45",
        "2^{10}",
        "15^2",
        "52_8",
        "1/0",
        "\\frac{1}{0}",
        "2x = 10",
        "x + 5 = 82",
        "1e9999",
        "3.5.1",
        "10:30",
        "(1, 2)",
        "(3,4]",
        "5!",
        "9 squared",
        "82 or 83",
    ],
)
def test_what_is_no_number(text: str) -> None:
    assert quantity(text) is None


@pytest.mark.parametrize("text", HOSTILE)
def test_hostile_text_is_no_number_or_a_small_one(text: str) -> None:
    found = quantity(text)
    assert found is None or abs(found.value) < 10**6


def test_a_long_text_is_not_read() -> None:
    assert quantity("9" * LONGEST) is not None
    assert quantity("9" * (LONGEST + 1)) is None
    assert quantity("9" * 1_000_000) is None


@given(st.integers(-(10**15), 10**15))
def test_integers_in_every_dress(number: int) -> None:
    for text in (
        f"{number}",
        f"{number:,}",
        f"{number:,}.00",
        f"${number:,}",
        f" {number} .",
        f"{number} apples",
    ):
        found = quantity(text)
        assert found is not None
        assert found.value == number


@given(st.decimals(-(10**9), 10**9, places=6))
def test_decimals(number: Decimal) -> None:
    for text in (f"{number}", f"{number:,}", f"{number}000"):
        found = quantity(text)
        assert found is not None
        assert found.value == Fraction(number)


@given(st.decimals(-1000, 1000, places=3), st.integers(-30, 30))
def test_scientific_notation(mantissa: Decimal, power: int) -> None:
    for text in (f"{mantissa}e{power}", f"{mantissa} \\times 10^{{{power}}}", f"{mantissa}*10^{power}"):
        found = quantity(text)
        assert found is not None
        assert found.value == Fraction(mantissa) * Fraction(10) ** power


@given(st.integers(-999, 999), st.integers(1, 999))
def test_fractions(top: int, bottom: int) -> None:
    for text in (f"{top}/{bottom}", f"\\frac{{{top}}}{{{bottom}}}", f"\\dfrac{{{top}}}{{{bottom}}}"):
        found = quantity(text)
        assert found is not None
        assert found.value == Fraction(top, bottom)
        assert found.number.division == (bottom != 1)


@given(st.text(max_size=40))
def test_any_text_is_read_or_refused(text: str) -> None:
    found = quantity(text)
    assert found is None or isinstance(found.value, Fraction)


def test_units_and_percent_are_kept() -> None:
    dollars = Tail((("dollar", 1),))
    assert quantity("$5") == quantity("5 dollars") == Quantity(Numeral(Fraction(5)), tail=dollars)
    assert quantity("50%") == Quantity(Numeral(Fraction(50)), percent=True)
    assert quantity("5 apples") == Quantity(Numeral(Fraction(5)), tail=Tail(nouns=frozenset({"apple"})))


@pytest.mark.parametrize(
    ("given_text", "gold", "equal"),
    [
        ("5 cm", "5 m", False),
        ("5 cm", "5", True),
        ("5", "5 m", True),
        ("5 dollars", "$5", True),
        ("5 cents", "$5", False),
        ("5 apples", "5 pears", False),
        ("5 red apples", "5 apples", True),
        ("120 minutes", "2 hours", True),
        ("2 hours 30 minutes", "2.5 hours", True),
        ("8 dollars and 50 cents", "8.5", True),
        ("5'3\"", "63 inches", True),
        ("15 cm^2", "15 cm^3", False),
        ("90 %", "90 degrees", False),
        ("$5", "5 euros", False),
        ("50%", "50", True),
        ("50%", "0.5", True),
        ("0.5", "50%", True),
        ("50%", "50\\%", True),
        ("0.5%", "50%", False),
        ("50%", "5", False),
        ("0.333333", "\\frac{1}{3}", True),
        ("0.33", "\\frac{1}{3}", False),
        ("1000000.5", "1000001", False),
        ("1000001", "1000000", False),
        ("0.0000001", "0.0000002", False),
        ("12/4", "3", False),  # not worked out
        ("6/8", "\\frac{3}{4}", True),
        ("0.75", "3/4", True),
        ("1 1/2", "1.5", True),
    ],
)
def test_equality(given_text: str, gold: str, equal: bool) -> None:
    one, other = quantity(given_text), quantity(gold)
    assert one is not None
    assert other is not None
    assert one.equals(other) is equal


@given(st.fractions(max_denominator=1000), st.fractions(max_denominator=1000))
def test_different_fractions_are_different(one: Fraction, other: Fraction) -> None:
    texts = (f"{one.numerator}/{one.denominator}", f"\\frac{{{other.numerator}}}{{{other.denominator}}}")
    first, second = map(quantity, texts)
    assert first is not None
    assert second is not None
    assert first.equals(second) == (one == other)


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("one hundred twenty-five", 125),
        ("three quarters", Fraction(3, 4)),
        ("25 lakh", 2500000),
        ("1.5 crore", 15000000),
        ("1500万", 15000000),
        ("$2.5M", 2500000),
        ("12 degrees below zero", -12),
        ("9°C below zero", -9),
    ],
)
def test_words_that_multiply_or_negate(text: str, value: int | Fraction) -> None:
    found = quantity(text)
    assert found is not None
    assert found.value == value


def test_letters_that_multiply_stand_behind_money_only() -> None:
    assert quantity("2.5M") is None
    assert quantity("9k") is None


@pytest.mark.parametrize(
    ("given", "gold", "equal"),
    [("1/2", "50%", True), ("1/2 hour", "30 minutes", True), ("12/4", "3", False), ("1/2", "51%", False)],
)
def test_a_fraction_is_worked_out_where_its_unit_is_another(given: str, gold: str, equal: bool) -> None:
    one, other = quantity(given), quantity(gold)
    assert one is not None
    assert other is not None
    assert one.equals(other) is equal


@pytest.mark.parametrize(
    ("given", "gold", "equal"),
    [
        ("1/2", "50\\%", True),
        ("\\frac{1}{8}", "12.5\\%", True),
        ("25/50", "50\\%", False),
        ("\\frac{25}{200}", "12.5\\%", False),
        ("30/60 hours", "30 minutes", False),
        ("1 2/4 hours", "90 minutes", False),
        ("1 1/2 hours", "90 minutes", True),
        ("50%", "50/100", True),
        ("25/50", "0.5", True),
    ],
)
def test_a_fraction_in_another_unit_is_in_lowest_terms(given: str, gold: str, equal: bool) -> None:
    one, other = quantity(given), quantity(gold)
    assert one is not None
    assert other is not None
    assert one.equals(other) is equal
