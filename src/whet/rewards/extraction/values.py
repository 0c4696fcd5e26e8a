r"""Finds the values of a sentence: numbers with sign, currency, fraction bar, percent sign, in plain text or LaTeX."""

import re
from dataclasses import dataclass

from whet.rewards.extraction.languages import any_of

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


_PARTS = r"(?:third|fourth|quarter|fifth|sixth|seventh|eighth|ninth|tenth)s?"
_OPERATION = r"[+*×÷^_|]|\\(?:cdot|times|div|pm|mp|pi|sqrt|[dt]?frac|log|ln|sin|cos|tan)\b"
_RELATION = r"<|(?<![=-])>|[≤≥≠]|[!<>]=|\\(?:leq?|geq?|neq?|lt|gt|in|mod|equiv)\b"
_OPERATOR_BEFORE = re.compile(
    rf"(?:{_OPERATION}|{_RELATION}|[/(\[{{!]|\\\\|&|\d\s?:|[\w)\]}}]\s?[-−]|\d[a-z]\s*=)\s?$|[,.]$|(?<![a-z])[a-z]$|_$"
)
_WORD_BEFORE = re.compile(
    rf"(?:{any_of('negation', 'bound')})\s*$|"
    r"\b(?:log|ln|sin|cos|tan|cot|sqrt|mod|modulo|over|remainder|at least|at most|plus|minus|times|by|versus|vs\.?"
    rf"|than|up to|between|twice|thrice|double|triple|half|(?:half|{_PARTS}|root|square|cube|sum|product|difference"
    r"|multiple|factor|percent|%) of|(?:sum|product|difference|average|mean) (?:of|between) \S+ and"
    r"|steps?|problem|question|equation|eq\.|page|line|figure|case|part|section|chapter|example|exercise)\s$"
)
"""What before a value makes it an operand, an argument, a coordinate, one side of a relation or a running number.

Both are for text in small letters: ignoring case takes a search five times as long.
"""
_UNIT_LETTERS = "mLlgshkVWACFNJ"
_OPERAND_AFTER = re.compile(
    rf"{any_of('behind')}|[eE][-+]?\d|x[\dA-Fa-f]|\s*(?:{_OPERATION}|{_RELATION}|[/=]|\\\\|&)|\s*[-−]\s*[\d\\]|[(|]|:\d|[)\]}}](?!\s*[\w=])"
    rf"|-?(?![{_UNIT_LETTERS}](?:[²³]|\b))[A-Za-z](?![A-Za-z])|[,-]\d"
    r"|\s(?:less|more|fewer|greater) than \$?\d|\sto the (?:\w+ )?power"
    r"|\s(?:mod|modulo|over|divided|remainder|plus|minus|times|squared|cubed|factorial)\s\d",
)
_LONGEST_OPERATOR = 32
"""Characters before a value that hold the longest operator."""


def is_operand(value: Value, text: str) -> bool:
    """Whether a value is part of a larger expression: an operand, an argument, a coordinate, one side of a relation."""
    before = text[max(0, value.start - _LONGEST_OPERATOR) : value.start].lower()
    return bool(_OPERATOR_BEFORE.search(before) or _WORD_BEFORE.search(before) or _OPERAND_AFTER.match(text, value.end))
