"""Parses the unit after a number."""

import re

_KNOWN = {
    "dollar": "$ usd dollar dollars buck bucks",
    "euro": "€ eur euro euros",
    "pound sterling": "£ gbp",
    "rupee": "₹ inr rs rupee rupees",
    "yen": "¥ jpy yen",
    "cent": "¢ cent cents",
    "degree": "degree degrees deg",
    "radian": "radian radians rad",
    "millimetre": "mm millimeter millimeters millimetre millimetres",
    "centimetre": "cm centimeter centimeters centimetre centimetres",
    "metre": "m meter meters metre metres",
    "kilometre": "km kilometer kilometers kilometre kilometres",
    "inch": "inch inches",
    "foot": "ft foot feet",
    "yard": "yd yds yard yards",
    "mile": "mi mile miles",
    "mile per hour": "mph",
    "milligram": "mg milligram milligrams",
    "gram": "g gram grams",
    "kilogram": "kg kgs kilogram kilograms",
    "pound": "lb lbs",
    "ounce": "oz ounce ounces",
    "millilitre": "ml milliliter milliliters millilitre millilitres",
    "litre": "l liter liters litre litres",
    "second": "s sec secs second seconds",
    "minute": "min mins minute minutes",
    "hour": "h hr hrs hour hours",
    "day": "day days",
    "week": "week weeks",
    "month": "month months",
    "year": "yr yrs year years",
}
CANONICAL = {word: unit for unit, words in _KNOWN.items() for word in words.split()}
"""Every known spelling of a unit, and its canonical name."""

SCALES = {"hundred": 10**2, "thousand": 10**3, "million": 10**6, "billion": 10**9, "trillion": 10**12}
"""Words that multiply the number before them."""

_LINKS = frozenset({"a", "am", "an", "at", "by", "in", "of", "on", "pm"})
_OPERATORS = re.compile("and|but|cos|cot|exp|log|minus|mod|nor|not|over|plus|sec|sin|sqrt|tan|than|then|times")
_POWER = re.compile(r"(?<=[a-z])\s*(?:\^\s*\{?\s*[23]\s*\}?|[²³])")
_SEPARATORS = re.compile(r"[\s/()]+")
_WORD = re.compile(r"[a-z][a-z'’-]{2,20}")


def unit_of(text: str) -> str | None:
    """The canonical unit named after a number; empty where unknown, and `None` where the text cannot be a unit.

    Variables are no units: a single letter counts only after a space, and other words have three letters or more.

    >>> unit_of(" cm^2"), unit_of(" apples in total"), unit_of("x"), unit_of(" or 6")
    ('centimetre', '', None, None)
    """
    attached = text[:1].isalpha()
    words = [word for word in _SEPARATORS.split(_POWER.sub(" ", text).lower().replace(".", "")) if word]
    if len(words) > 8 or (attached and (len(words[0]) == 1 or words[0] not in CANONICAL)):
        return None
    if not all(_may_be_unit(word) for word in words):
        return None
    return next((CANONICAL[word] for word in words if word in CANONICAL), "")


def _may_be_unit(word: str) -> bool:
    if word in CANONICAL or word in _LINKS:
        return True
    return bool(_WORD.fullmatch(word) and re.search("[aeiou]", word)) and not _OPERATORS.fullmatch(word)
