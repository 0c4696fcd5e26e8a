r"""Parses numeric answers as people and models write them: `1,080`, `$18`, `\frac{3}{4}`, `50\%`, `5 cm`.

Values are exact, so rounding never makes two different numbers equal. Nothing is evaluated: the grammar is
one regular expression over at most `LONGEST` characters.
"""

import re
from dataclasses import dataclass
from fractions import Fraction
from functools import lru_cache

from whet.rewards.units import CANONICAL, SCALES, unit_of

LONGEST = 200
"""Characters; anything longer is not read as a number."""
TOLERANCE = Fraction(1, 10**6)
"""The absolute and relative error allowed against the gold value: 0.333333 passes for 1/3."""


@dataclass(frozen=True, slots=True)
class Quantity:
    """A number with its unit."""

    value: Fraction
    percent: bool = False
    """Whether a percent sign or word followed; the value is not divided by 100."""
    unit: str = ""
    """The canonical unit where known; other words after a number are not compared."""
    fraction: bool = False
    """Whether it was written as a fraction."""

    def equals(self, gold: "Quantity") -> bool:
        """Whether two quantities are equal: 50 % is 50 and also one half; 5 cm is 5 but not 5 m.

        An integer must be evaluated: 12/4 is not accepted for 3, or copying the question would be.
        """
        if self.unit and gold.unit and self.unit != gold.unit:
            return False
        if self.fraction and not gold.fraction and gold.value.denominator == 1:
            return False
        values = {self.value}
        if self.percent and not gold.percent:
            values.add(self.value / 100)
        if gold.percent and not self.percent:
            values.add(self.value * 100)
        return any(_close(value, gold.value) for value in values)


def _close(given: Fraction, gold: Fraction) -> bool:
    if given == gold or given.denominator == gold.denominator == 1:
        return given == gold
    return abs(given - gold) <= TOLERANCE * min(Fraction(1), abs(gold))


_REWRITES = (
    (re.compile(r"[−–‒]"), "-"),
    (re.compile(r",\s*\\!\s*|\{,\}"), ","),
    (re.compile(r"\\[dtc]frac"), r"\\frac"),
    (re.compile(r"\\(?:text(?:bf|it|rm|normal)?|mbox|mathrm|mathbf|boxed)\s*\{([^{}]*)\}"), r" \1 "),
    (re.compile(r"\^\s*(?:\\circ|\{\s*\\circ\s*\})|\\degree|°"), " degrees "),
    (re.compile(r"\\(?:left|right|displaystyle|quad|[,;:! ()\[\]])|\*\*|[~\u00a0\u2009\u202f]"), " "),
    (re.compile(r"\\([%$])"), r"\1"),
    (re.compile(r"\\approx|[≈≃]"), "="),
)
"""LaTeX and typographic notation, and its plain replacement."""

_LEFT_SIDE = re.compile(
    r"\s*[A-Za-z\\][\w\\ (){}'^]*|(?:[\d\s.,+*/×÷()%$€£{}^-]|x(?=\s*\d)|\\(?:times|cdot|div|frac))*", re.ASCII
)
"""Left sides of an equation whose right side is the answer: a variable name or a sum."""
_INTEGER = re.compile(r"-?[0-9]{1,18}")
_BRACKETED = re.compile(r"^\s*\(([^()]*)\)\s*$")
_DECIMAL = r"(?:[1-9]\d{0,2}(?:(?:,\d{3})+|(?:\ \d{3})+)|\d+)(?:\.\d*)?|\.\d+"
_GRAMMAR = re.compile(
    rf"""
    (?:(?:about|approximately)\s)?\s*
    (?P<sign>[-+])?\s*(?P<currency>[$€£¥₹])?\s*(?P<inner_sign>[-+])?\s*
    (?:
        (?P<whole>\d+)?\s*\\frac\s*(?:\{{\s*(?P<top>-?(?:{_DECIMAL}))\s*\}}|(?P<top_digit>\d))\s*
                             (?:\{{\s*(?P<bottom>-?(?:{_DECIMAL}))\s*\}}|(?P<bottom_digit>\d))
      | (?:(?P<whole_before>\d+)\s+)?(?P<over>[\d,]*\d(?:\.\d+)?)\s*/\s*(?P<under>[\d,]*\d(?:\.\d+)?)
      | (?P<decimal>{_DECIMAL})
        (?:e(?P<e>[-+]?\d{{1,3}})|\s*(?:×|x|\*|\\times|\\cdot)\s*10\s*\^\s*\{{?\s*(?P<ten>[-+]?\d{{1,3}})\s*\}}?)?
    )
    (?:st\b|nd\b|rd\b|th\b)?
    (?:\s*(?P<percent>%|percent\b|percentage\ points?\b))?
    (?:\s*(?P<scale>{"|".join(SCALES)})\b)?
    (?P<unit>.*)
    """,
    re.VERBOSE | re.ASCII | re.IGNORECASE,
)


@lru_cache(maxsize=8192)
def _read(text: str) -> Quantity | None:
    if _INTEGER.fullmatch(text):
        return Quantity(Fraction(int(text)))
    for pattern, plain in _REWRITES:
        text = pattern.sub(plain, text)
    found = _GRAMMAR.fullmatch(_bare(text))
    if not found:
        return None
    part = found.groupdict(default="")
    value, unit = _value(part), unit_of(part["unit"])
    if value is None or unit is None:
        return None
    sign = -1 if (part["sign"] == "-") != (part["inner_sign"] == "-") else 1
    scale = SCALES.get(part["scale"].lower(), 1)
    unit = CANONICAL.get(part["currency"], unit)
    return Quantity(sign * scale * value, bool(part["percent"]), unit, fraction=not part["decimal"])


def quantity(text: str) -> Quantity | None:
    r"""Parses a text as a number with unit; `None` where it is anything else or longer than `LONGEST`.

    >>> quantity("$1,080.50.")
    Quantity(value=Fraction(2161, 2), percent=False, unit='dollar', fraction=False)
    >>> quantity("-1\\frac{3}{4}").value, quantity("x = 1.5e3").value, quantity("2x")
    (Fraction(-7, 4), Fraction(1500, 1), None)
    """
    return _read(text) if len(text) <= LONGEST else None


def _bare(text: str) -> str:
    """The text without the left sides of equations, math dollar signs and final punctuation."""
    text = text.strip().rstrip(".,;:! ")
    while len(text) > 1 and text[0] == text[-1] == "$":
        text = text[1:-1].strip().rstrip(".,;:! ")
    *left, right = text.split("=")
    text = right if all(_LEFT_SIDE.fullmatch(side) for side in left) else text
    return " ".join((_BRACKETED.sub(r"\1", text)).split())


def _value(part: dict[str, str]) -> Fraction | None:
    """The unsigned value of a match of `_GRAMMAR`; `None` for a zero denominator."""
    if part["decimal"]:
        return _fraction(part["decimal"]) * Fraction(10) ** int(part["e"] or part["ten"] or 0)
    whole = _fraction(part["whole"] or part["whole_before"] or "0")
    top = _fraction(part["top"] or part["top_digit"] or part["over"])
    bottom = _fraction(part["bottom"] or part["bottom_digit"] or part["under"])
    return whole + top / bottom if bottom else None


def _fraction(text: str) -> Fraction:
    return Fraction(text.replace(",", "").replace(" ", "").rstrip("."))
