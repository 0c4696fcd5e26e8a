"""Units: their spellings, and the factors between them."""

import subprocess
import sys
from fractions import Fraction

import pytest

from whet.rewards.units import CANONICAL, factor, known_unit, read_unit


@pytest.mark.parametrize(
    ("text", "unit", "rest"),
    [
        ("", (), ""),
        (" cm", (("centimeter", 1),), ""),
        (" centimetres", (("centimeter", 1),), ""),
        (" cm^{3}", (("centimeter", 3),), ""),
        (" square inches", (("inch", 2),), ""),
        (" feet squared", (("foot", 2),), ""),
        (" sq. ft", (("foot", 2),), ""),
        (" dollars per hour", (("dollar", 1), ("hour", -1)), ""),
        (" m/s^2", (("meter", 1), ("second", -2)), ""),
        (" mph", (("hour", -1), ("mile", 1)), ""),
        (" degrees Fahrenheit", (("Fahrenheit degree", 1),), ""),
        (" degrees C", (("Celsius degree", 1),), ""),
        (" in", (("inch", 1),), ""),
        (" in total", (), " in total"),
        (" L", (("liter", 1),), ""),
        (" M", (), " M"),
        (" apples", (), " apples"),
        ("€", (("euro", 1),), ""),
        (" km on foot", (("kilometer", 1),), " on foot"),
    ],
)
def test_spellings(text: str, unit: tuple[tuple[str, int], ...], rest: str) -> None:
    assert read_unit(text) == (unit, rest)


@pytest.mark.parametrize(
    ("given", "gold", "expected"),
    [
        (" hours", " minutes", 60),
        (" cm", " m", Fraction(1, 100)),
        (" inches", " cm", Fraction(254, 100)),
        (" km/h", " m/s", Fraction(5, 18)),
        (" square feet", " square inches", 144),
        (" pounds", " ounces", 16),
        (" cents", "$", Fraction(1, 100)),
        ("$", " cents", 100),
        (" dollars", " usd", 1),
        (" cm^2", " cm^3", None),
        (" km", " km/h", None),
        (" hours", " meters", None),
        (" degrees F", " degrees C", None),
        (" degrees", " radians", None),
        ("$", "€", None),
        (" cad", " usd", None),
        ("$", " m", None),
        (" square units", " ft^2", 1),
        (" square units", " s^2", None),
        (" cubic units", " kg^3", None),
    ],
)
def test_factors(given: str, gold: str, expected: Fraction | int | None) -> None:
    assert factor(read_unit(given)[0], read_unit(gold)[0]) == expected


def test_what_pint_knows_and_answers_do_not_mean() -> None:
    assert known_unit("joules") == (("joule", 1),)
    assert known_unit("kWh") == (("kilowatt_hour", 1),)
    for noun in ("cats", "hats", "points", "hands", "apples", "people", "x", ""):
        assert known_unit(noun) == (), noun


def test_no_word_names_two_units() -> None:
    assert CANONICAL["lb"] == CANONICAL["lbs"] == "pound"
    assert CANONICAL["£"] != CANONICAL["lb"]


def test_plain_answers_load_no_library() -> None:
    code = (
        "import sys; from whet.rewards.equality import answers_equal as equal;"
        "assert equal('$1,080.00 in total', '1080') and equal('5 cm', '5 cm') and not equal('7', '8');"
        "sys.exit('pint' in sys.modules or 'sympy' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
