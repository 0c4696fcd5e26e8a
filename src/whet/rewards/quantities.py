r"""Parses numeric answers as people and models write them: `1,080`, `$18`, `\frac{3}{4}`, `50\%`, `5 cm`, `2 h 30 min`.

Values are exact, so rounding never makes two different numbers equal. What stands behind a number is read as well
(`values/tail.py`): a unit, prose, or a word that makes another number of it. Nothing is evaluated.
"""

import re
from dataclasses import dataclass, replace
from fractions import Fraction
from functools import lru_cache

from whet.rewards.units import CANONICAL, VARIABLES, factor, read_unit
from whet.rewards.values.calculation import calculate
from whet.rewards.values.notation import plain
from whet.rewards.values.numeral import Numeral, read_numeral, with_decimal_point
from whet.rewards.values.relation import may_be_label, sides
from whet.rewards.values.spelled import in_digits
from whet.rewards.values.tail import BARE, Tail, read_tail

LONGEST = 200
"""Characters; anything longer is not read as a number."""

SCALES = {
    "dozen": 12,
    "hundred": 10**2,
    "thousand": 10**3,
    "million": 10**6,
    "billion": 10**9,
    "trillion": 10**12,
    "lakh": 10**5,
    "crore": 10**7,
}
"""Words that multiply the number before them."""


@dataclass(frozen=True, slots=True)
class Quantity:
    """A number with what stands behind it."""

    number: Numeral
    percent: bool = False
    """Whether a percent sign or word followed; the value is not divided by 100."""
    tail: Tail = BARE

    @property
    def value(self) -> Fraction:
        """The number, without regard to its unit."""
        return self.number.value

    def equals(self, gold: "Quantity") -> bool:
        """Whether two quantities are equal: 50 % is 50 and also one half; 5 cm is 5 and 50 mm, but not 5 m."""
        scale = self.tail.factor_to(gold.tail)
        if scale is None or (self.percent != gold.percent and (self.tail.unit or gold.tail.unit)):
            return False
        number = self.number if scale == 1 else _converted(self.number.times(scale))
        if number.equals(gold.number):
            return True
        if self.percent != gold.percent:
            if not number.lowest:
                return False
            number = _converted(number)
            return number.times(Fraction(1, 100) if self.percent else Fraction(100)).equals(gold.number)
        return False


def _converted(number: Numeral) -> Numeral:
    """A fraction as what it is in another unit: 1/2 is worked out where 50 % or minutes are asked for, 25/50 is not."""
    return replace(number, division=number.division and not number.lowest)


_LEAD = re.compile(
    r"(?:the\s+)?(?:(?:final\s+)?answer|total|result|sum)\s*(?:is|:|=)\s*|(?:about|approximately|around|exactly|only|just)\s+"
    r"|\\approx\s*|=\s*",
    re.IGNORECASE,
)
_SIGN = re.compile(r"\s*(?:(?P<sign>[-+])|(?P<word>minus|negative)\b)\s*", re.IGNORECASE)
_CURRENCY = re.compile(
    r"\s*(?P<code>(?:US|CA|AU|NZ|HK|C|A)?\$|[€£¥₹₩₽]|(?:USD|EUR|GBP|INR|JPY|CAD|AUD|CHF|CNY|RMB)\b|Rs\b\.?)\s*",
    re.IGNORECASE,
)
_TYPED_LEAD = re.compile(r"^\\text\s*\{([^{}]*)\}\s*")
_TYPED_TEXT = re.compile(r"\\text\s*\{((?:[^{}]|\{[^{}]*\})*)\}")
_PERCENT = re.compile(r"\s*(?:%|percent\b|per\s+cent\b|percentage\s+points?\b)", re.IGNORECASE)
_SCALE = re.compile(rf"\s*(?P<word>{'|'.join(SCALES)})s?\b(?!\s*ths?\b)", re.IGNORECASE)
_SIGNS = {"万": 10**4, "萬": 10**4, "亿": 10**8, "億": 10**8, "k": 10**3, "K": 10**3, "M": 10**6, "bn": 10**9}
_SIGN_OF_SCALE = re.compile(r"\s*([万萬亿億])|\s?(k|K|M|bn)\b")
"""Signs that multiply: those of Chinese always, letters behind a sum of money."""
_BELOW_ZERO = re.compile(r"((?:\s*degrees?)?\s*(?:[CF]|celsius|fahrenheit)?)\s*below zero\b", re.IGNORECASE)
_AND_A_HALF = re.compile(r"\s+and\s+(?:a|one)\s+half\b", re.IGNORECASE)
_FACTOR_BEHIND = re.compile(rf"^ ({'|'.join(VARIABLES)})\b")
"""A variable behind a LaTeX fraction, where a blank says nothing: `\\frac{2}{3} m` is two thirds of m."""
_BRACKETED = re.compile(r"\(([^()]*)\)")
_SINGLE = re.compile(r"^\(\s*([-+]?\d+(?:\.\d+)?)\s*\)(?![\s.]*[\d\\(])")
"""A number in brackets of its own, as in `-(7)` and `(-5)/3`."""
_INTEGER = re.compile(r"-?[0-9]{1,18}")
_JOINED = re.compile(r"\s*(?:,|and\b)?\s*(?=\d)")
_MOST_PARTS = 3


@lru_cache(maxsize=8192)
def quantity(text: str) -> Quantity | None:
    r"""Parses a text as a number with unit; `None` where it is anything else or longer than `LONGEST`.

    Of an equation it is the right side, where the left one is a name or a calculation.

    >>> quantity("$1,080.50.").value, quantity("-1\\frac{3}{4}").value, quantity("2x")
    (Fraction(2161, 2), Fraction(-7, 4), None)
    """
    if _INTEGER.fullmatch(text):
        return Quantity(Numeral(Fraction(int(text))))
    if len(text) > LONGEST:
        return None
    *left, right = sides(plain(text))
    return (
        read_quantity(right)
        if all(not side or may_be_label(side) or calculate(side) is not None for side in left)
        else None
    )


def read_quantity(text: str, decimal_comma: bool = False) -> Quantity | None:
    """As `quantity`, of a text in plain notation. With `decimal_comma`, 3,75 is a number too."""
    return _signed(_without_lead(text), decimal_comma) if len(text) <= LONGEST else None


def _without_lead(text: str) -> str:
    """The text without words that introduce a number, and the brackets around all of it."""
    text = _TYPED_LEAD.sub(r"\1 ", text).strip()
    while lead := _LEAD.match(text):
        text = text[lead.end() :]
    bracketed = _BRACKETED.fullmatch(text)
    return bracketed[1].strip() if bracketed and "," not in text else text


def _signed(text: str, decimal_comma: bool) -> Quantity | None:
    """Sign, currency, number and what is behind."""
    negative, currency = False, ""
    for _ in range(3):
        text = _SINGLE.sub(r"\1", text) if text[:1] == "(" else text
        if sign := _SIGN.match(text):
            negative, text = negative != (sign["sign"] != "+"), text[sign.end() :]
        elif not currency and (found := _CURRENCY.match(text)):
            currency, text = found["code"].rstrip(".").lower(), text[found.end() :]
    text = in_digits(text)
    if not text[:1].isdigit() and not text.startswith((".", "\\frac")):
        return None
    if decimal_comma or "€" in text + currency:
        text = with_decimal_point(text) or text
    return _parts(text, negative, currency)


def _parts(text: str, negative: bool, currency: str) -> Quantity | None:
    """A number, or several with a unit each, such as 2 hours 30 minutes, in the unit of the first."""
    found = _part(text, bool(currency))
    if found is None:
        return _compound(text, negative, currency)
    return _dressed(found, negative, currency)


def _dressed(found: Quantity, negative: bool, currency: str) -> Quantity | None:
    number, tail = found.number, found.tail
    if negative:
        number = replace(number, value=-number.value)
    if currency:
        unit = CANONICAL.get(currency, currency)
        # "$5 million dollars" and "$5 per day" are said, "$5 cm" is not
        if all(power < 0 for _, power in tail.unit):
            tail = Tail(tuple(sorted(((unit, 1), *tail.unit))))
        elif not any(name == unit or name.endswith(unit) for name, _ in tail.unit):
            return None
    return Quantity(number, found.percent, tail)


def _part(text: str, seen: bool) -> Quantity | None:
    """A number with scale words, percent sign and tail."""
    read = read_numeral(text)
    if read is None:
        return None
    number, behind = read
    if behind:
        behind = _TYPED_TEXT.sub(r" \1 ", _FACTOR_BEHIND.sub(r"\1", behind) if text.startswith("\\frac") else behind)
    if half := _AND_A_HALF.match(behind):
        number, behind = Numeral(number.value + Fraction(1, 2)), behind[half.end() :]
    while scale := _SCALE.match(behind):
        number, behind = number.times(Fraction(SCALES[scale["word"].lower()])), behind[scale.end() :]
    sign = _SIGN_OF_SCALE.match(behind)
    if sign and (seen or sign[1]):
        number, behind = number.times(Fraction(_SIGNS[sign[1] or sign[2]])), behind[sign.end() :]
    if below := _BELOW_ZERO.match(behind):
        number, behind = number.times(Fraction(-1)), below[1] + behind[below.end() :]
    percent = _PERCENT.match(behind)
    tail = read_tail(behind[percent.end() :] if percent else behind, seen)
    return None if tail is None else Quantity(number, bool(percent), tail)


def _compound(text: str, negative: bool, currency: str) -> Quantity | None:
    """A sum of numbers whose units have one dimension: 8 dollars and 50 cents, 5'3"."""
    parts: list[tuple[Numeral, Tail]] = []
    while text and len(parts) < _MOST_PARTS:
        read = read_numeral(text)
        if read is None:
            return None
        unit, text = read_unit(_TYPED_TEXT.sub(r" \1 ", read[1]))
        unit = unit or (((CANONICAL[currency], 1),) if currency in CANONICAL and not parts else ())
        joined = _JOINED.match(text) if text.strip() else None
        if not unit or (text.strip() and not joined):
            return None
        parts.append((read[0], Tail(unit)))
        text = text[joined.end() :] if joined else ""
    if text or len(parts) < 2:
        return None
    scales = [factor(tail.unit, parts[0][1].unit) for _, tail in parts]
    if any(scale is None or not 0 < scale < 1 for scale in scales[1:]):
        return None
    total = sum((n.value * (s or 0) for (n, _), s in zip(parts, scales, strict=True)), Fraction(0))
    return Quantity(Numeral(-total if negative else total), tail=parts[0][1])
