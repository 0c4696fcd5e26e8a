r"""Finds the values of a sentence: numbers with sign, currency, fraction bar, percent sign, in plain text or LaTeX."""

import re
from dataclasses import dataclass

_DIGITS = r"(?:\d{1,3}(?:,\d{3})+(?!\d)|\d+)(?:\.\d+)?|\.\d+"
_COMMA = r"(?<![\d,])\d+,\d{1,2}(?![\d,])"
"""A decimal comma; no thousands, and no list of three."""
_FRAC = r"\\[dtc]?frac\s*(?:\{[^{}]*\}\s*\{[^{}]*\}|\d\s*\d)"
_SIGN = r"(?<![\w)\]}%])(?:[-−‐－](?!\s)|(?<![\w)\]}%]\s)[-−‐－]\s)"
_VALUE = re.compile(
    rf"(?:{_SIGN}|\b[Nn]egative\s+|(?<=\bis )minus\s+)?(?:(?:US)?\\?[$€£¥₹]\s?)?(?:{_SIGN})?"
    rf"(?:{_FRAC}|{_COMMA}|(?:{_DIGITS})(?:\s?{_FRAC}|\s\d+/\d+|\s?/\s?(?:{_DIGITS}))?)(?:\s?\\?%)?",
    re.ASCII,
)
_STRIPPED = re.compile(r"[\s,$\\]|\.0+$")
_SIGN_WORD = re.compile(r"^(?:negative|minus)\s", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Value:
    """A value in a text, with its position."""

    start: int
    end: int
    text: str

    @property
    def plain(self) -> str:
        """The value without commas, currency and white space, to tell different values apart."""
        return _STRIPPED.sub("", _SIGN_WORD.sub("-", self.text))


def values(text: str) -> list[Value]:
    """Every value of a text, in order.

    >>> [value.text for value in values("Of 1,080 pens, 3/4 cost $2.50 and 5% cost -3.")]
    ['1,080', '3/4', '$2.50', '5%', '-3']
    """
    return [Value(found.start(), found.end(), found[0]) for found in _VALUE.finditer(text)]
