"""Tells one value in two notations, `3/4 or 75%`, from two answers."""

import re
from itertools import pairwise

from whet.rewards.extraction.values import Value
from whet.rewards.quantities import quantity

_OR = re.compile(r"\b(?:or|equivalently)\b|[,$()\s]")
_STATES = re.compile(r"(?:\b(?:is|are|was|equals?)|[=:])$", re.IGNORECASE)


def all_equal(text: str, found: list[Value]) -> bool:
    """Whether the values `found` in a text are equal, and nothing but `or` stands between and nothing behind them.

    >>> from whet.rewards.extraction.values import values
    >>> [all_equal(text, values(text)) for text in ("It is 3/4 or 75%", "3/4 or 70%")]
    [True, False]
    """
    before, behind = text[: found[0].start].strip("$ "), text[found[-1].end :].strip(" .)$")
    between = "".join(text[a.end : b.start] for a, b in pairwise(found))
    if behind or _OR.sub("", between) or (before and not _STATES.search(before)):
        return False
    return all(same_value(a.text, b.text) for a in found for b in found)


def same_value(one: str, other: str) -> bool:
    """Whether two texts are one number in two notations.

    >>> same_value("50%", "0.5"), same_value("50%", "0.6")
    (True, False)
    """
    a, b = quantity(one), quantity(other)
    return bool(a and b and (a.equals(b) or b.equals(a)))
