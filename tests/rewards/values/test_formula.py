"""Formulas with units behind them."""

import pytest

from rewards.growth import growth
from whet.rewards.values.formula import has_prose, in_radians, split_unit


@pytest.mark.parametrize(
    ("text", "formula", "unit"),
    [
        ("16\\pi \\text{ square feet}", "16\\pi", (("foot", 2),)),
        ("16\\pi square feet", "16\\pi", (("foot", 2),)),
        ("16\\pi\\text{ ft}^2", "16\\pi", (("foot", 2),)),
        ("\\frac{5\\sqrt{2}}{3}\\text{ cubic units}", "\\frac{5\\sqrt{2}}{3}", (("unit", 3),)),
        ("\\sqrt{7} cm", "\\sqrt{7}", (("centimeter", 1),)),
        ("\\sqrt{7} sq cm", "\\sqrt{7}", (("centimeter", 2),)),
        ("x+1", "x+1", ()),
        ("2\\pi r", "2\\pi r", ()),
        ("\\sqrt{7}\\text{ cubed}", "\\sqrt{7}\\text{ cubed}", ()),
        ("\\sqrt{7 \\text{ cm}}", "\\sqrt{7 \\text{ cm}}", ()),
        ("\\text{ cm}", "\\text{ cm}", ()),
    ],
)
def test_a_unit_of_any_length_is_split_off_whole(text: str, formula: str, unit: tuple[tuple[str, int], ...]) -> None:
    found, tail = split_unit(text)
    assert (found, tail.unit) == (formula, unit)


@pytest.mark.parametrize(
    ("text", "radians"),
    [
        ("\\sin 15 degrees", "\\sin (\\frac{15\\pi}{180})"),
        ("3\\tan(22.5 degrees ) + x", "3\\tan(\\frac{22.5\\pi}{180}) + x"),
        ("\\cos^2 15 degrees", "\\cos^2 (\\frac{15\\pi}{180})"),
        ("\\sin 15", "\\sin 15"),
        ("15 degrees", "15 degrees"),
    ],
)
def test_angles_in_degrees_are_written_in_radians(text: str, radians: str) -> None:
    assert in_radians(text) == radians


def test_words_in_a_formula_are_seen() -> None:
    assert all(map(has_prose, ("about x", "x \\text{ and } y")))
    assert not any(map(has_prose, ("x+y", "\\sin x", "sqrt(x)", "arcsin x")))


@pytest.mark.parametrize("piece", ["\\text{ a}", "abcd ", "{", "\\pi cm "])
def test_a_long_text_takes_linear_time(piece: str) -> None:
    assert growth(lambda pieces: split_unit("x " + piece * pieces + "!"), 1000, 4000) < 12
