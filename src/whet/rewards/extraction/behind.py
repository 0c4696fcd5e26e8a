"""What stands behind a number: its noun, a bound such as `or more`, a word such as `squared`."""

import re

from whet.rewards.extraction.values import Value

_STOP = re.compile(
    r"\b(?:of|for|in|on|to|that|which|who|will|would|were|was|are|is|from|after|over|with|at|by|can|could|should|must|has|have|had|left|more|fewer|"
    r"less|farther|further|longer|than|away|each|every|per|as|and|during|total|altogether)\b|[,;.(](?=\s|$)"
)
_CHANGES_VALUE = re.compile(
    r"\b(?:squared|cubed|factorial|dozens?|score|gross|pairs? of|hundreds?|thousands?|millions?|billions?"
    r"|trillions?|lakhs?|crores?|doubled|tripled|quadrupled|halved|percent\w*|half|halves|thirds?|quarters?|"
    r"fourths?|fifths?|sixths?|sevenths?|eighths?|ninths?|tenths?|hundredths?"
    r"|thousandths?|plus|minus|divided|multiplied|out of \d|over \d|mod\w*|remainder|"
    r"power|root|times \d|degrees? below|below zero|negative|and a|k|bn|mn)\b|[!^]|\\(?:pi|sqrt)\b|[²³√π½¼¾]",
    re.IGNORECASE,
)
_BOUND_BEHIND = re.compile(
    r"(?:\s[A-Za-z]+){0,3}?\s(?:or (?:more|less|fewer|greater|higher|lower|longer|shorter|above|below|over|under|up)"
    r"|at (?:least|most))\b"
    r"|\s(?:to|through) \$?\d+\b(?! (?:decimal|significant|places|digits))"
    r"|(?P<noun>(?:\s[A-Za-z]+){1,3})\s(?:to|through) \$?\d+(?!\d)(?:(?P=noun)\b|\W*\Z)"
    r"|(?:\s[A-Za-z]+)?\sand (?:above|up|over|more|below)\b|\s(?:pi|tens|to the (?:second|third|fourth|fifth))\b",
    re.IGNORECASE,
)
_NEAR = 20
"""Characters behind a number that are searched for what changes its value."""


def forms_of(text: str, value: Value) -> tuple[str, ...]:
    """The number with the words up to the next preposition, and the number alone where no word changes its value."""
    tail = text[value.end :]
    if is_changed(tail):
        return ((value.text + tail).strip(),)
    stop = _STOP.search(tail)
    noun = value.text + (tail[: stop.start()] if stop else tail)
    return noun.strip().rstrip(" .,;$("), value.text.strip()


def is_changed(tail: str) -> bool:
    """Whether what stands behind a number makes another one of it, such as ` dozen eggs` and ` squared`.

    The first words decide: `5 dozen eggs` is 60, `5 eggs of the second dozen` is 5.
    """
    worded = not tail[:1].strip() or tail[:1].isalpha()
    return bool(_CHANGES_VALUE.search(" ".join(tail.split()[:3]) if worded else tail[:_NEAR]))


def is_bound(tail: str) -> bool:
    """Whether what stands behind a number bounds it, goes on to another or counts in other steps: ` pens or more`.

    >>> [is_bound(text) for text in (" pens or more", " at most", " to 13 dollars", " tens", " to finish 2 houses")]
    [True, True, True, True, False]
    """
    return bool(_BOUND_BEHIND.match(tail))
