"""Units: which words name one, and by what factor two of them differ.

The spellings that answers use stand in a table, so that most answers are read without a library. Where two answers have
different units, pint knows their dimensions and exact scales: it takes half a second to load, once, and only then.
"""

import re
from fractions import Fraction
from functools import cache, lru_cache
from typing import Any


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


_SPELLINGS = {
    "degree": "degree degrees deg degs",
    "radian": "radian radians rad rads",
    "Celsius degree": "celsius centigrade degc",
    "Fahrenheit degree": "fahrenheit degf",
    "millimeter": "mm millimeter millimeters millimetre millimetres",
    "centimeter": "cm cms centimeter centimeters centimetre centimetres",
    "meter": "m meter meters metre metres",
    "kilometer": "km kms kilometer kilometers kilometre kilometres",
    "inch": "inch inches",
    "foot": "ft foot feet",
    "yard": "yd yds yard yards",
    "mile": "mi mile miles",
    "milligram": "mg milligram milligrams",
    "gram": "g gram grams gm gms",
    "kilogram": "kg kgs kilogram kilograms kilo kilos",
    "pound": "lb lbs pound pounds",
    "ounce": "oz ounce ounces",
    "milliliter": "ml milliliter milliliters millilitre millilitres",
    "liter": "l liter liters litre litres",
    "second": "s sec secs second seconds",
    "minute": "min mins minute minutes",
    "hour": "h hr hrs hour hours",
    "day": "day days",
    "week": "week weeks",
    "month": "month months",
    "year": "yr yrs year years",
    "decade": "decade decades",
    "century": "century centuries",
    "cup": "cup cups",
    "pint": "pint pints pt",
    "quart": "quart quarts qt",
    "gallon": "gallon gallons gal gals",
    "acre": "acre acres",
    "hectare": "hectare hectares ha",
}
_MONEY = {
    "dollar": "$ dollar dollars buck bucks",
    "US dollar": "us$ usd",
    "Canadian dollar": "ca$ c$ cad",
    "Australian dollar": "au$ a$ aud",
    "euro": "€ eur euro euros",
    "pound sterling": "£ gbp",
    "rupee": "₹ inr rs rupee rupees",
    "yen": "¥ jpy yen",
    "yuan": "cny rmb yuan",
    "franc": "chf franc francs",
    "peso": "mxn peso pesos",
    "won": "₩ krw won",
    "ruble": "₽ rub ruble rubles",
    "cent": "¢ cent cents",
}
_PREFIXES = {"n": "nano", "µ": "micro", "m": "milli", "k": "kilo", "M": "mega", "G": "giga"}
_SI = {
    "N": "newton",
    "J": "joule",
    "W": "watt",
    "V": "volt",
    "A": "ampere",
    "Pa": "pascal",
    "Hz": "hertz",
    "eV": "electron_volt",
    "Wh": "watt_hour",
    "mol": "mole",
    "cal": "calorie",
    "Ω": "ohm",
    "T": "tesla",
}
SYMBOLS = {
    **_SI,
    **{mark + symbol: prefix + name for mark, prefix in _PREFIXES.items() for symbol, name in _SI.items()},
    **{mark + "m": prefix + "meter" for mark, prefix in _PREFIXES.items() if mark in "nµ"},
    **{mark + "s": prefix + "second" for mark, prefix in _PREFIXES.items() if mark in "nµm"},
    **{mark + "g": prefix + "gram" for mark, prefix in _PREFIXES.items() if mark in "nµ"},
    "µL": "microliter",
    "K": "kelvin",
    "rad": "radian",
}
"""Symbols of physics and chemistry, whose case counts, and the units they are."""
_SPELLED_OUT = {
    "kelvin": "kelvin",
    "kelvins": "kelvin",
    "mole": "mole",
    "moles": "mole",
    "ohm": "ohm",
    "ohms": "ohm",
    "cc": "milliliter",
    "electronvolt": "electron_volt",
    "electronvolts": "electron_volt",
}
_ALIASES = {
    "mph": (("mile", 1), ("hour", -1)),
    "kmh": (("kilometer", 1), ("hour", -1)),
    "kph": (("kilometer", 1), ("hour", -1)),
}

CANONICAL = {
    **{word: unit for table in (_SPELLINGS, _MONEY) for unit, words in table.items() for word in words.split()},
    **_SPELLED_OUT,
}
"""Every spelling in the tables, and the unit it names."""
CURRENCIES = frozenset(_MONEY)
VARIABLES = _words("m s h g l mg ms")
"""Spellings that are products of variables where they stand right behind a number, as in 2m."""

Unit = tuple[tuple[str, int], ...]
"""A product of units with their powers, such as (("hour", -1), ("meter", 1)); empty for none."""

_FACTOR = re.compile(
    r"""\s*(?P<per>/|\bper\b)?\s*\(?(?:(?P<before>square|sq|cubic|cu)\b\.?\s*)?
    (?P<word>US\$|[A-Za-z\u00b5\u03bc\u03a9]+|[$\u20ac\u00a3\u00a5\u20b9\u20a9\u20bd\u00a2"'])\.?\)?
    (?:\s*\^\s*\{?\s*(?P<power>-?[1-9])\s*\}?|\s+(?P<behind>squared|cubed)\b)?""",
    re.VERBOSE | re.IGNORECASE,
)
_FACTORS = {"m", "s", "kg", "g", "mol", "K", "N", "A", "V", "h", "cm", "km", "rad", "C", "J", "W"}
"""Symbols that may stand right behind another unit as a factor: `m s^{-2}`, `kg m/s^2`."""
_POWERS = {"square": 2, "sq": 2, "cubic": 3, "cu": 3, "squared": 2, "cubed": 3}
_ANY_LENGTH = "unit"
_MARKS = {'"': "inch", "'": "foot"}
_TEMPERATURE = re.compile(
    r"\bdegs?(?:rees?)?\s+(?:(?P<celsius>c(?:elsius|entigrade)?)|f(?:ahrenheit)?)\b", re.IGNORECASE
)


def read_unit(text: str) -> tuple[Unit, str]:
    """The unit that a text starts with, empty where it starts with none, and the rest of the text.

    >>> read_unit(" km/h on average"), read_unit("square inches"), read_unit("apples")
    (((('hour', -1), ('kilometer', 1)), ' on average'), ((('inch', 2),), ''), ((), 'apples'))
    """
    rest = _TEMPERATURE.sub(lambda found: "celsius" if found["celsius"] else "fahrenheit", text)
    powers: dict[str, int] = {}
    while found := _FACTOR.match(rest):
        raised = int(found["power"] or _POWERS.get((found["before"] or found["behind"] or "").lower(), 1))
        parts = _named(found["word"], rest[found.end() :]) or _anonymous(found["word"], raised)
        if not parts or (powers and not found["per"] and found["word"] not in _FACTORS):
            break
        rest = rest[found.end() :]
        for unit, power in parts:
            powers[unit] = powers.get(unit, 0) + power * raised * (-1 if found["per"] else 1)
    return _canonical(powers), rest


def _named(word: str, behind: str) -> Unit:
    """The unit that a word names; `in` only where nothing follows that it could be the preposition of."""
    if word in _MARKS:
        return ((_MARKS[word], 1),)
    if word.lower() == "in":
        return (("inch", 1),) if not re.match(r"\.?\s*\w", behind) else ()
    if word in SYMBOLS:
        return ((SYMBOLS[word], 1),)
    if len(word) == 1 and word.isupper() and word != "L":
        return ()
    unit = CANONICAL.get(word.lower())
    return ((unit, 1),) if unit else _ALIASES.get(word.lower(), ())


def _anonymous(word: str, raised: int) -> Unit:
    """What square and cubic units are units of: a length without a name. Units that are not raised may be anything."""
    return ((_ANY_LENGTH, 1),) if raised in (2, 3) and word.lower() in ("unit", "units") else ()


def _canonical(powers: dict[str, int]) -> Unit:
    return tuple(sorted((unit, power) for unit, power in powers.items() if power))


def factor(given: Unit, gold: Unit) -> Fraction | None:
    """What a number of the unit `given` is multiplied by for the unit `gold`; None where the dimensions differ.

    >>> factor((("hour", 1),), (("minute", 1),)), factor((("centimeter", 2),), (("centimeter", 3),))
    (Fraction(60, 1), None)
    """
    if given == gold or _same_family(given, gold):
        return Fraction(1)
    own = {"degree", "radian", "Celsius degree", "Fahrenheit degree", *CURRENCIES}
    if own & {unit for unit, _ in (*given, *gold)}:
        return _money(given, gold)
    return _factor(given, gold)


def _same_family(given: Unit, gold: Unit) -> bool:
    """Whether one of two names is less precise than the other: dollars may be US dollars, square units inches."""
    if len(given) != len(gold):
        return False
    names = [(one, other) for (one, p), (other, q) in zip(given, gold, strict=True) if p == q]
    return len(names) == len(gold) and all(
        one == other or _any_length(one, other) or one.endswith(" " + other) or other.endswith(" " + one)
        for one, other in names
    )


def _any_length(one: str, other: str) -> bool:
    """Whether one is the length without a name of `square units`, and the other a length."""
    return _ANY_LENGTH in (one, other) and all(map(_is_length, (one, other)))


def _is_length(name: str) -> bool:
    return name == _ANY_LENGTH or _factor(((name, 1),), (("meter", 1),)) is not None


def _money(given: Unit, gold: Unit) -> Fraction | None:
    """Cents as dollars or euros, alone or per something."""
    for one, other, scale in ((given, gold, Fraction(1, 100)), (gold, given, Fraction(100))):
        for whole in ("dollar", "US dollar", "euro"):
            if _canonical({whole if unit == "cent" else unit: power for unit, power in one}) == other != one:
                return scale
    return None


@cache
def _registry() -> Any:
    import pint

    return pint.UnitRegistry(non_int_type=Fraction)


@lru_cache(maxsize=1024)
def _factor(given: Unit, gold: Unit) -> Fraction | None:
    import pint

    try:
        one, other = (_product(unit) for unit in (given, gold))
        return Fraction((1 * one).to(other).magnitude) if one.dimensionality == other.dimensionality else None
    except (pint.PintError, TypeError, ValueError, ArithmeticError):
        return None


def _product(unit: Unit) -> Any:
    product = _registry().Unit("dimensionless")
    for name, power in unit:
        product = product * _registry().Unit(name) ** power
    return product


@lru_cache(maxsize=1024)
def known_unit(word: str) -> Unit:
    """The unit that pint knows a word as, which is not in the tables here; empty for other words.

    Only names in full are looked up, with names of prefixes in full: pint takes cats for hundredths of an atmosphere.

    >>> known_unit("newtons"), known_unit("kilowatts"), known_unit("cats")
    ((('newton', 1),), (('kilowatt', 1),), ())
    """
    if len(word) < 2 or not word.isalpha() or word.lower() in _HOMONYMS:
        return ()
    for spelling in (word, word.lower()):
        names = _registry().parse_unit_name(spelling)
        for prefix, unit, _ in names[:1]:
            if not prefix or len(prefix + unit) <= len(spelling) + 1 or not spelling.islower():
                return ((prefix + unit, 1),)
    return ()


_HOMONYMS = _words(
    "at as a an in are bar bars bit chain chains count counts cord cords dot dots drop drops grain grains hand "
    "hands link links mark marks mole moles peck pecks point points pole poles rod rods scruple turn turns cycle "
    "cycles barrel barrels pixel pixels survey step steps man men foot set sets league leagues slug slugs oz tex "
    "rev rpm beat beats ell em pica round rounds unit units dozen particle percent"
)
"""Words that pint knows as units and answers use as ordinary nouns."""
