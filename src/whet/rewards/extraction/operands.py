"""Tells a value that stands alone from one that is part of something larger: `twice 9`, `more than 9`, `9 + 1`."""

import re

from whet.rewards.extraction.languages import any_of
from whet.rewards.extraction.values import Value

_PARTS = r"(?:third|fourth|quarter|fifth|sixth|seventh|eighth|ninth|tenth)s?"
_OPERATION = r"[+*×÷^_|]|\\(?:cdot|times|div|pm|mp|pi|sqrt|[dt]?frac|log|ln|sin|cos|tan)\b"
_RELATION = r"<|(?<![=-])>|[≤≥≠]|[!<>]=|\\(?:leq?|geq?|neq?|lt|gt|in|mod|equiv)\b"
_OPERATOR_BEFORE = re.compile(
    rf"(?:{_OPERATION}|{_RELATION}|[/(\[{{!]|\\\\|&|\d\s?:|[\w)\]}}]\s?[-−]|\d[a-z]\s*=)\s?$|[,.]$|(?<![a-z])[a-z]$|_$"
)
_OF = rf"half|{_PARTS}|root|square|cube|log|logarithm|reciprocal|inverse|multiple|divisor|factor"
_OPERAND_WORDS = (
    r"log|ln|sin|cos|tan|cot|sqrt|mod|modulo|over|remainder|plus|minus|times|versus|vs\.?|twice|thrice|double|triple|half"
    r"|twenty|thirty|forty|fifty|sixty|seventy|eighty|ninety"
    r"|(?:divided|multiplied|divisible|followed|\d) by|\d+(?:st|nd|rd|th) of|or"
    rf"|(?:{_OF}|percent|[\d.]+%|(?<!a )sum|(?<!a )product|(?<!a )difference) of"
    r"|(?:sum|product|difference|average|mean) (?:of|between) \S+ and"
)
_BOUND_WORDS = (
    r"at least|at most|than|than or equal to|up to|between|between (?:\S+ ){1,3}and|under|above|below"
    r"|exceeds?|exceeding|almost|nearly|within \S+ of"
)
_NEGATION_WORDS = r"not|never|cannot be|\w+n['’]t|(?:different|far|differs) from|unequal to|(?:anything|number|all) but"
_NUMBERED = (
    r"steps?|problem|question|equation|eq\.|page|line|figure|case|part|section|chapter|example|exercise|theorem|lemma"
    r"|corollary|proposition|version"
)
_FILLERS = r"(?: (?:about|around|approximately|roughly|exactly|just|only|some))*"
_WORD_BEFORE = re.compile(
    rf"(?:{any_of('negation', 'bound', 'part')}"
    rf"|\b(?:{_OPERAND_WORDS}|{_BOUND_WORDS}|{_NEGATION_WORDS})){_FILLERS}$"
)
"""Words before a value that make another one of it, bound it or deny it."""
_NUMBERED_BEFORE = re.compile(rf"\b(?:{_NUMBERED})\s$")
"""Words before a running number.

All three are for text in small letters: ignoring case takes a search five times as long.
"""
_UNIT_LETTERS = "mLlgshkVWACFNJ"
_OPERAND_AFTER = re.compile(
    rf"{any_of('behind')}|[eE][-+]?\d|x[\dA-Fa-f]|\s*(?:{_OPERATION}|{_RELATION}|[/=]|\\\\|&)|\s*[-−]\s*[\d\\]|[(|]|:\d|[)\]}}](?!\s*[\w=])"
    rf"|-?(?![{_UNIT_LETTERS}](?:[²³]|\b))[A-Za-z](?![A-Za-z])|[,-]\d"
    r"|\s(?:less|more|fewer|greater) than \$?\d|\sto the (?:\w+ )?power"
    r"|\s(?:mod|modulo|over|divided|remainder|plus|minus|times|squared|cubed|factorial)\s\d"
    r"|(?:st|nd|rd|th) (?:prime|multiple|power|root|fibonacci|triangular)"
)
_LONGEST_OPERATOR = 32
"""Characters before a value that hold the longest operator."""
_LONGEST_WORDS = 64
"""Characters before a value that hold the longest words, with the marks around them."""
_MOST_WORDS = 6
_DRESS = str.maketrans(dict.fromkeys('([{}\\*_"“”~≈$', " "))
"""Marks that may stand around words: of `\\text{…}`, emphasis, quotation, approximation and a formula."""


def is_operand(value: Value, text: str) -> bool:
    """Whether a value is part of a larger expression: an operand, an argument, a coordinate, one side of a relation.

    >>> from whet.rewards.extraction.values import values
    >>> [is_operand(values(text)[0], text) for text in ("more than  36", "36 pens")]
    [True, False]
    """
    before = text[max(0, value.start - _LONGEST_OPERATOR) : value.start].lower()
    if _OPERAND_AFTER.match(text, value.end) or _OPERATOR_BEFORE.search(before):
        return True
    return bool(_NUMBERED_BEFORE.search(before)) or is_led_off(text, value.start)


def is_led_off(text: str, start: int) -> bool:
    r"""Whether the words before a place make another value of what stands there, a bound of it, or deny it.

    >>> [is_led_off(text, len(text)) for text in (r"\text{twice }", "not **", "at least about $", "It is ")]
    [True, True, True, False]
    """
    words = words_before(text, start)
    if not words.isascii():
        return bool(_WORD_BEFORE.search(words))
    at = len(words)
    while at > 0:  # from word to word, which takes a third of a search's time
        at = words.rfind(" ", 0, at)
        if _WORD_BEFORE.match(words, at + 1):
            return True
    return False


def words_before(text: str, start: int) -> str:
    """The last words before a place in small letters, without the marks around them, one blank between two."""
    return " ".join(text[max(0, start - _LONGEST_WORDS) : start].translate(_DRESS).lower().split()[-_MOST_WORDS:])
