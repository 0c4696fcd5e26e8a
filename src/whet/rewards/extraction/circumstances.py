"""Tells the number that a sentence gives from those of its circumstances: `$36 in 4 days`, `36 tiles for 4 rows`."""

import re
from itertools import pairwise

from whet.rewards.extraction.hedges import doubtful, has_rival, hedged
from whet.rewards.extraction.operands import is_operand
from whet.rewards.extraction.values import Value, values

_LINK = re.compile(
    r"(?P<noun>(?:\s[A-Za-z][\w'’-]*){0,4}?)\s"
    r"(?:(?:after|in|for|per|every|within|during|across)(?:\s[A-Za-z][\w'’-]*){0,2}"
    r"|(?P<part>of (?:the|these|those|his|her|their|its))(?:\s[A-Za-z][\w'’-]*)?"
    r"|to(?:\s[a-z]+){1,3})\s\$?"
)
"""What stands between a number and one of its circumstances: its noun, a preposition, at most two words."""
_COMPARED = re.compile(r"\s(?:more|fewer|less) than\b|\s(?:for )?(?:each|apiece)\b")
"""What stands behind a number that only says more about the one before it."""
_BESIDE = re.compile(r"(?:\s[A-Za-z][\w'’-]*){1,3},\s\$?")
_MONEY = re.compile(r"\\?[$€£¥₹]")
_LETTER = re.compile(r"[A-Za-z]")
_WORD = re.compile(r"[A-Za-z][A-Za-z'’-]*")
_PREPOSITIONS = frozenset(
    (
        *("after", "in", "on", "for", "over", "per", "by", "within", "during"),
        *("at", "from", "of", "than", "before", "under", "every", "each", "to"),
    )
)
_IN_FORMULA = re.compile(r"(?:[*×^_/]|\\(?:times|cdot)|10\s?)\s*\{?\s*$")
COPULA = re.compile(
    r"(?:\b(?:is|are|was|were|equals?|be|totals?|makes?|leaves?|gives?)\b|[=≈:→]|\\approx)\s*(?:\\?\$|\\[(\[])?\s*$",
    re.IGNORECASE,
)
"""What states the value behind it."""


def sentence_value(text: str, found: list[Value]) -> Value | None:
    """The value that a sentence gives: the only one, or the last that is no operand; one behind `is` goes first."""
    free = without_circumstances([value for value in found if not is_operand(value, text)], text)
    stated = [value for value in free if COPULA.search(text[max(0, value.start - 16) : value.start])]
    return (stated or free)[-1] if free else None


def without_circumstances(found: list[Value], text: str) -> list[Value]:
    """The values of a sentence without those that a preposition ties to one before them.

    >>> from whet.rewards.extraction.values import values
    >>> def given(text): return [value.text for value in without_circumstances(values(text), text)]
    >>> given("He earns $36 in 4 days"), given("He pays $36 for 4 days and 9 nights"), given("4 pens for $8")
    (['$36'], ['$36', '9'], ['4', '$8'])
    """
    kept: list[Value] = []
    for at, value in enumerate(found):
        if not any(_is_circumstance(before, value, text) for before in (*kept[-1:], *found[at - 1 : at])):
            kept.append(value)
    return kept


def is_rivalled(chosen: Value, found: list[Value], text: str) -> bool:
    """Whether another value stands right beside the chosen one as a second answer; its circumstances do not count.

    >>> from whet.rewards.extraction.values import values
    >>> [is_rivalled(values(text)[0], values(text), text) for text in ("He has $36 in 4 days", "He has 36, or 4")]
    [False, True]
    """
    kept = without_circumstances(found, text)
    return has_rival(chosen, kept if chosen in kept else found, text)


def _is_circumstance(given: Value, other: Value, text: str) -> bool:
    gap = text[given.end : other.start].replace("*", "")
    money = bool(_MONEY.search(given.text))
    if _BESIDE.fullmatch(gap) and not doubtful(gap):
        return bool(_COMPARED.match(text, other.end))
    link = _LINK.fullmatch(gap)
    if link is None or doubtful(link["noun"]):
        return False
    if not (money or link["part"] or _LETTER.search(text[: given.start])):
        return False
    if _MONEY.search(other.text) and not money:
        return False
    return bool(money or link["noun"] or link["part"])


def several_values(text: str) -> bool:
    """Whether a text gives more than one value as the answer.

    Another number in the prose behind the answer is none: it follows a noun and a preposition.

    >>> [several_values(text) for text in ("18 or 20", "18 20", "18 pens", "16 dollars on snacks after 60 days")]
    [True, True, False, False]
    """
    if len({value.plain for value in values(text)}) < 2:
        return False
    if hedged(text):
        return True
    free = [value for value in values(text) if not _IN_FORMULA.search(text[: value.start])]
    free = without_circumstances(free, text)
    gaps = (text[a.end : b.start] for a, b in pairwise(free) if b.plain != free[0].plain)
    return not all(map(_is_prose, gaps))


def _is_prose(gap: str) -> bool:
    """Whether a noun and a preposition stand between two numbers, the latter at most two words before the second."""
    words = [word.strip("°\"',.$€£#").lower() for word in gap.split()]
    words = [word for word in words if word]
    if not all(map(_WORD.fullmatch, words)) or doubtful(" ".join(words)):
        return False
    at = max((place for place, word in enumerate(words) if word in _PREPOSITIONS), default=-1)
    if words[at:] == ["to"]:
        return False  # `16 dollars to 18`
    return len(words) - 3 <= at and not _PREPOSITIONS.issuperset(words[:at])
