"""What stands behind a number: unit, prose, or another number."""

from fractions import Fraction

import pytest

from whet.rewards.units import Unit
from whet.rewards.values.tail import BARE, Tail, read_tail


@pytest.mark.parametrize(
    "text",
    [
        "",
        "  ",
        " in total",
        " left over",
        " each",
        " (in all)",
        " more than Ann",
        " times",
        " times as many",
        ", the total",
        " ✅",
    ],
)
def test_prose_that_says_nothing_of_what_is_counted(text: str) -> None:
    tail = read_tail(text)
    assert tail is not None
    assert tail.unit == ()


@pytest.mark.parametrize(
    ("text", "unit"),
    [
        ("cm", (("centimeter", 1),)),
        (" m", (("meter", 1),)),
        ("\\text{ m}^2", (("meter", 2),)),
        (" m/s^2", (("meter", 1), ("second", -2))),
        ("m of rope", (("meter", 1),)),
        ("m^{2}", (("meter", 2),)),
        ("L of water", (("liter", 1),)),
        (" lbs of salad to feed everyone", (("pound", 1),)),
        (' " tall', (("inch", 1),)),
        (" degrees Celsius", (("Celsius degree", 1),)),
        (" miles farther than the car", (("mile", 1),)),
    ],
)
def test_units(text: str, unit: tuple[tuple[str, int], ...]) -> None:
    assert read_tail(text) == Tail(unit)


@pytest.mark.parametrize(
    "text", [" on snacks after 60 days", " more votes to reach 100", " boxes over the three months"]
)
def test_numbers_that_belong_to_the_prose(text: str) -> None:
    assert read_tail(text) is not None


@pytest.mark.parametrize(
    "text",
    [
        "x",
        " x",
        "m",
        "xy",
        "^2",
        "!",
        " squared",
        " cubed",
        " hundredths",
        " halves",
        " factorial",
        " or 6",
        " and 6",
        " apples or 6 apples",
        " apples after 6 apples",
        " apples after 6",
        " to 6",
        " out of 10",
        " less than 20",
        " or more",
        " at least",
        " not",
        " is wrong",
        ", 6",
        " 6",
        "%",
        " = 5",
        "\\pi",
        "\\sqrt{2}",
        ")",
    ],
)
def test_what_makes_another_value_of_a_number(text: str) -> None:
    assert read_tail(text) is None


@pytest.mark.parametrize(
    ("given", "gold", "factor"),
    [
        (" cm", "", 1),
        ("", " cm", 1),
        (" cm", " cm", 1),
        (" minutes", " hours", Fraction(1, 60)),
        (" cm", " hours", None),
        (" newtons", " joules", None),
        (" kilowatts", " watts", 1000),
        (" red apples", " apples", 1),
        (" pears", " apples", None),
        (" apples", " cm", None),
    ],
)
def test_factors(given: str, gold: str, factor: Fraction | int | None) -> None:
    one, other = read_tail(given), read_tail(gold)
    assert one is not None
    assert other is not None
    assert one.factor_to(other) == factor


def test_nothing_is_bare() -> None:
    assert read_tail("") is BARE


@pytest.mark.parametrize(
    ("text", "unit"),
    [
        (" N", (("newton", 1),)),
        ("kN", (("kilonewton", 1),)),
        (" m s^{-2}", (("meter", 1), ("second", -2))),
        (" \\text{kg}\\cdot\\text{m/s}^2", (("kilogram", 1), ("meter", 1), ("second", -2))),
        (" \\frac{m}{s^2}", (("meter", 1), ("second", -2))),
        (" \\Omega", (("ohm", 1),)),
        (" \\mu\\text{m}", (("micrometer", 1),)),
    ],
)
def test_symbols_of_physics(text: str, unit: Unit) -> None:
    found = read_tail(text)
    assert found is not None
    assert found.unit == unit


def test_a_capital_right_behind_a_number_is_a_variable() -> None:
    assert read_tail("N") is None
    assert read_tail("K") is None


@pytest.mark.parametrize("text", [" doubled", " lakh", " crore", " ninety-nine", " out of 6", " and", " pens or."])
def test_another_number(text: str) -> None:
    assert read_tail(text) is None
