"""Tells the number that a sentence gives from numbers of its circumstances: `$36 in 4 days`, `36 tiles to cover 4 rows`."""

import re

from whet.rewards.extraction.hedges import doubtful
from whet.rewards.extraction.values import Value

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


def without_circumstances(found: list[Value], text: str) -> list[Value]:
    """The values of a sentence without those that a preposition ties to one before them.

    >>> from whet.rewards.extraction.values import values
    >>> def given(text): return [value.text for value in without_circumstances(values(text), text)]
    >>> given("He earns $36 in 4 days"), given("He pays $36 for 4 days and 9 nights"), given("4 pens for $8")
    (['$36'], ['$36', '9'], ['4', '$8'])
    """
    kept: list[Value] = []
    for value in found:
        if not kept or not _is_circumstance(kept[-1], value, text):
            kept.append(value)
    return kept


def _is_circumstance(given: Value, other: Value, text: str) -> bool:
    gap = text[given.end : other.start]
    money = bool(_MONEY.search(given.text))
    if _BESIDE.fullmatch(gap) and not doubtful(gap):
        return bool(_COMPARED.match(text, other.end))
    link = _LINK.fullmatch(gap)
    if link is None or doubtful(link["noun"]) or not _LETTER.search(text[: given.start]) and not link["part"]:
        return False
    if _MONEY.search(other.text) and not money:
        return False
    return bool(money or link["noun"] or link["part"])
