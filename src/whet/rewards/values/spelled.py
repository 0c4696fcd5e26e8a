"""Reads numbers in words: `one hundred and twenty-five`, `three quarters`, `a dozen`, `half`."""

import re
from fractions import Fraction

from whet.rewards.values.tail import NUMBER_WORDS

_SMALL = {word: value for value, word in enumerate(NUMBER_WORDS[:20])}
_TENS = {word: 10 * value for value, word in enumerate(NUMBER_WORDS[20:], start=2)}
_LARGE = {"thousand": 10**3, "million": 10**6, "billion": 10**9}
_PARTS = {
    "half": 2, "halves": 2, "third": 3, "thirds": 3, "quarter": 4, "quarters": 4, "fourth": 4, "fourths": 4,
    "fifth": 5, "fifths": 5, "sixth": 6, "sixths": 6, "seventh": 7, "sevenths": 7, "eighth": 8, "eighths": 8,
    "ninth": 9, "ninths": 9, "tenth": 10, "tenths": 10,
}  # fmt: skip
_BEHIND_ARTICLE = {"half", "third", "quarter", "fifth", "tenth", "dozen", "hundred", "thousand", "million", "billion"}
_TOKEN = re.compile(r"([A-Za-z]+)(?:-(?=[A-Za-z])|\s+|(?![\w'-]))")


def in_digits(text: str) -> str:
    """The text with the number in words that it starts with written in digits; other texts as they are.

    >>> [in_digits(text) for text in ("one hundred and five pens", "three quarters", "a dozen", "a pen")]
    ['105 pens', '3/4', '1 dozen', 'a pen']
    """
    words = [(found[1].lower(), found.end()) for found in _tokens(text)]
    if not words:
        return text
    if words[0][0] in ("a", "an") and len(words) > 1 and words[1][0] in _BEHIND_ARTICLE:
        words[0] = ("one", words[0][1])  # a hundred and five
    if words[0][0] == "half":
        value, taken = 1, 0
    else:
        value, taken = _whole([word for word, _ in words])
        if not taken:
            return text
    name = words[taken][0] if taken < len(words) else ""
    parts = _PARTS.get(name, 0)
    plural = name.endswith("s")  # `twenty fifth` is no fraction, and twenty quarters are coins
    if parts and plural == (value != 1) and (name != "quarters" or value < parts):
        number, end = str(Fraction(value, parts)), words[taken][1]
        return f"{number} {text[end:]}".strip()
    return f"{value} {text[words[taken - 1][1] :].lstrip('-')}".strip()


def _tokens(text: str) -> list[re.Match[str]]:
    """The words at the start of a text, at most twenty."""
    found: list[re.Match[str]] = []
    at = 0
    while len(found) < 20 and (match := _TOKEN.match(text, at)):
        found.append(match)
        at = match.end()
    return found


def _whole(words: list[str]) -> tuple[int, int]:
    """The whole number that words start with, and how many of them it takes: none where they start with no number."""
    total = group = taken = 0
    room = 10**12  # what may be added to the group: one below the last word's value
    for place, word in enumerate(words):
        if word == "and" and taken == place and words[place - 1] in ("hundred", *_LARGE):
            continue
        value = _SMALL.get(word, _TENS.get(word, 0))
        if (word in _SMALL or word in _TENS) and value < room and (value or not taken):  # `twenty zero` is no number
            group, room = group + value, 10 if word in _TENS else 1
        elif word == "hundred" and 0 < group < 100:
            group, room = 100 * group, 100
        elif word in _LARGE and group and (not total or total % (1000 * _LARGE[word]) == 0):
            total, group, room = total + group * _LARGE[word], 0, _LARGE[word]
        else:
            break
        taken = place + 1
    return total + group, taken
