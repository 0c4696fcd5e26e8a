"""Words behind a number."""

import pytest

from whet.rewards.units import CANONICAL, unit_of


@pytest.mark.parametrize(
    ("text", "unit"),
    [
        ("", ""),
        (" cm", "centimetre"),
        ("cm", "centimetre"),
        (" centimeters", "centimetre"),
        (" cm^2", "centimetre"),
        (" cm^{3}", "centimetre"),
        (" square inches", "inch"),
        (" dollars per hour", "dollar"),
        (" miles/hour", "mile"),
        (" apples", ""),
        (" a day", "day"),
        (" p.m.", ""),
        (" m", "metre"),
        ("€", "euro"),
    ],
)
def test_units(text: str, unit: str) -> None:
    assert unit_of(text) == unit


@pytest.mark.parametrize(
    "text",
    [
        "x",
        " x",
        "m",
        "xy",
        " xy",
        "^2",
        "²",
        " + 3",
        " or 6",
        " and",
        " 6",
        ", 6",
        "\\pi",
        " sin",
        " times",
        "!",
        " thr33",
    ],
)
def test_what_is_no_unit(text: str) -> None:
    """Else `2x` would be 2, and a list of answers its first entry."""
    assert unit_of(text) is None


def test_a_sentence_is_no_unit() -> None:
    assert unit_of(" apples are what she has when all the others have gone") is None


def test_no_word_names_two_units() -> None:
    assert CANONICAL["lb"] == CANONICAL["lbs"] == "pound"
    assert CANONICAL["£"] != CANONICAL["lb"]
