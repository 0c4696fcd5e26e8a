r"""Reads a number and tells how it was written: `1,080`, `-1\frac{3}{4}`, `3.2 \times 10^{-4}`, `0.\overline{3}`.

Values are exact fractions, so rounding never makes two different numbers equal.
"""

import re
import struct
from dataclasses import dataclass
from fractions import Fraction

APPROXIMATE_DIGITS = 6
"""Significant digits from which a decimal may stand for a number that has no finite decimal form: 0.333333 for 1/3."""
FLOAT_DIGITS = 15
"""Significant digits from which a decimal is the printed form of a floating point number."""
_LARGEST_EXACT = 2**53
"""From here on different whole numbers have one floating point number."""


@dataclass(frozen=True, slots=True)
class Numeral:
    """A number as written."""

    value: Fraction
    places: Fraction = Fraction(0)
    """The unit in the last place of a decimal, such as 1/100 for 0.25; 0 for what is written exactly."""
    digits: int = 0
    """The significant digits of a decimal."""
    division: bool = False
    """Whether it was written as a fraction whose denominator is not 1."""
    lowest: bool = True
    """Whether such a fraction is in lowest terms."""

    def equals(self, gold: "Numeral") -> bool:
        """Whether the numbers are equal, or this one is the gold one as far as that can be written.

        An integer must be worked out: 12/4 is not accepted for 3, or copying the question would be.
        """
        if self.division and not gold.division and gold.value.denominator == 1:
            return False
        if self.value == gold.value:
            return True
        return _rounds(self, gold) or _rounds(gold, self) or _is_float_of(gold, self) or _is_float_of(self, gold)

    def times(self, factor: Fraction) -> "Numeral":
        """The number of another unit."""
        return Numeral(self.value * factor, self.places * abs(factor), self.digits, self.division, self.lowest)


def _rounds(decimal: Numeral, exact: Numeral) -> bool:
    """Whether a long decimal is a fraction without finite decimal form, rounded or cut off."""
    if decimal.digits < APPROXIMATE_DIGITS or exact.places or is_finite_decimal(exact.value):
        return False
    return abs(decimal.value - exact.value) < decimal.places


def is_finite_decimal(value: Fraction) -> bool:
    """Whether a decimal with finitely many digits can be equal to a fraction."""
    rest = value.denominator
    for prime in (2, 5):
        while rest % prime == 0:
            rest //= prime
    return rest == 1


def _is_float_of(printed: Numeral, exact: Numeral) -> bool:
    """Whether a decimal is what a 32 or 64 bit floating point number of the exact value prints as."""
    if printed.digits < FLOAT_DIGITS or not exact.value or printed.value * exact.value < 0:
        return False
    try:
        number, shown = float(exact.value), float(printed.value)
        single = struct.unpack("f", struct.pack("f", number))[0]
    except OverflowError:
        return False
    return abs(number) < _LARGEST_EXACT and (shown == single or abs(shown - number) <= 4e-16 * abs(shown))


_GROUPED = r"[1-9]\d{0,2}(?:(?:,\d{3})+|(?:\ \d{3})+|(?:'\d{3})+|(?:_\d{3})+)|[1-9]\d?(?:,\d{2})+,\d{3}"
_DECIMAL = rf"(?:{_GROUPED}|\d+)(?!\d)(?:\.\d*)?|\.\d+"
_NUMERAL = re.compile(
    rf"""
    (?:
        (?:(?P<whole>\d+)\s*)?\\frac\s*\{{\s*(?P<top>[-+]?\s*(?:{_DECIMAL}))\s*\}}\s*
                                       \{{\s*(?P<bottom>[-+]?\s*(?:{_DECIMAL}))\s*\}}
      | (?:(?P<whole_before>\d+)\s+)?(?P<over>[\d,]*\d(?:\.\d+)?)\s*/\s*(?P<under>[\d,]*\d(?:\.\d+)?)(?![\d.]*\s*/)
      | (?P<fixed>\d*)\.(?P<start>\d*)(?:\\overline\s*\{{(?P<period>\d{{1,40}})\}}
                                         |(?P<dotted>\\dot\s*\{{?\d\}}?(?:\d*\\dot\s*\{{?\d\}}?)?)
                                         |\((?P<enclosed>\d{{1,40}})\)
                                         |(?P<going_on>\d{{3,}})\.\.\.)
      | (?P<ten_only>10)\s*\^\s*(?:\{{\s*(?P<ten_braced>-?\d{{1,3}})\s*\}}|(?P<ten_bare>-?\d{{1,3}}))(?!\s*[\^!])
      | (?P<decimal>{_DECIMAL})
        (?:[eE](?P<e>[-+]?\d{{1,3}})(?![\w.])
          |\s*(?:x|\*|\\times|\\cdot)\s*10\s*\^\s*(?:\{{\s*(?P<ten>[-+]?\d{{1,3}})\s*\}}|(?P<ten_plain>[-+]?\d{{1,3}})))?
    )
    (?:(?:st|nd|rd|th)\b)?
    """,
    re.VERBOSE | re.ASCII,
)
_INTEGER = re.compile(r"\d{1,18}")


def read_numeral(text: str) -> tuple[Numeral, str] | None:
    r"""The unsigned number that a text in plain notation starts with, and what stands behind; None without one.

    >>> read_numeral("1\\frac{3}{4} cm")[0].value, read_numeral("0.8\\overline{3}")[0].value
    (Fraction(7, 4), Fraction(5, 6))
    >>> read_numeral("1,080.50 m")
    (Numeral(value=Fraction(2161, 2), places=Fraction(1, 100), digits=6, division=False, lowest=True), ' m')
    """
    if _INTEGER.fullmatch(text):
        return Numeral(Fraction(int(text))), ""
    found = _NUMERAL.match(text)
    if not found:
        return None
    part = found.groupdict(default="")
    try:
        number = _decimal(part) if part["decimal"] else _other(part)
    except ZeroDivisionError:
        return None
    return number, text[found.end() :]


def _decimal(part: dict[str, str]) -> Numeral:
    power = Fraction(10) ** int(part["e"] or part["ten"] or part["ten_plain"] or 0)
    whole, point, behind = _bare(part["decimal"]).partition(".")
    value = Fraction(f"{whole or 0}.{behind or 0}") * power
    if not point or not behind:
        return Numeral(value)
    digits = len((whole + behind).lstrip("0"))
    return Numeral(value, Fraction(1, 10 ** len(behind)) * power, digits)


def _other(part: dict[str, str]) -> Numeral:
    """A fraction, a repeating decimal or a power of ten."""
    if part["ten_only"]:
        return Numeral(Fraction(10) ** int(part["ten_braced"] or part["ten_bare"]))
    if part["top"] or part["over"]:
        top, bottom = _bare(part["top"] or part["over"]), _bare(part["bottom"] or part["under"])
        whole, part_of_one = Fraction(part["whole"] or part["whole_before"] or 0), Fraction(top) / Fraction(bottom)
        division = Fraction(bottom) != 1
        lowest = not division or part_of_one.denominator == abs(Fraction(bottom))
        return Numeral(whole + part_of_one, division=division, lowest=lowest)
    period = part["period"] or part["enclosed"] or "".join(re.findall(r"\d", part["dotted"]))
    start = part["start"]
    if part["going_on"]:
        start, period = _repeats(start + part["going_on"])
    fixed = Fraction(f"{part['fixed'] or 0}.{start or 0}")
    return Numeral(fixed + Fraction(int(period), (10 ** len(period) - 1) * 10 ** len(start)))


def _repeats(digits: str) -> tuple[str, str]:
    """Splits `8333`, written before an ellipsis, into what stands once and what repeats."""
    for length in range(1, len(digits) // 2 + 1):
        period = digits[-length:]
        if digits.endswith(period * 2) and (length > 1 or digits.endswith(period * 3)):
            start = digits
            while start.endswith(period):
                start = start[:-length]
            return start, period
    raise ZeroDivisionError  # nothing repeats: no number is meant exactly


def _bare(text: str) -> str:
    return re.sub(r"[,_' ]", "", text).rstrip(".")


_DECIMAL_COMMA = re.compile(
    r"^(?P<before>[-+]?\s*)(?P<whole>0|[1-9]\d{0,2}(?:[. ']\d{3})+|\d+),(?P<behind>\d+)(?P<rest>(?!\d).*)$", re.S
)


def with_decimal_point(text: str) -> str | None:
    """A number with a decimal comma, such as `3,75 €`, with a point; None where the comma may be anything else.

    Three digits behind it are thousands, unless a single 0 stands before or points group the digits.
    """
    found = _DECIMAL_COMMA.match(text)
    if not found or "," in found["rest"]:
        return None
    whole, behind = found["whole"], found["behind"]
    digits = re.sub(r"\D", "", whole)
    if len(behind) == 3 and whole != "0" and digits == whole:
        return None
    return f"{found['before']}{digits}.{behind}{found['rest']}"
