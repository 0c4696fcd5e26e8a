r"""Splits a text into words, and tells words that say something new from padding."""

import re
import unicodedata
from collections import Counter
from collections.abc import Iterable, Sequence
from itertools import accumulate
from operator import eq

from whet.formats.content import visible
from whet.rewards.values.tail import NUMBER_WORDS

LONGEST_WORD = 24
"""Characters; where half of a longer run's trigrams are repeats, each character is a word: a loop without spaces."""
QUOTE = 8
"""Words in a row that make a quotation of the question; shorter runs are how one talks about it."""
LOOP = 3
"""How often a run of words may come with other numbers in it before it is a loop: `try 8 again`, `try 9 again` …"""
PHRASE = 3
"""n of the n-grams whose repeats are no new words."""
ORDINARY = 0.2
"""The share of repeated 4-grams that ordinary text may have."""

COUNTING = 5
"""How often three words in a row may come with other numbers in them before they only count: `9 + 0`, `line 8`."""
_LONGEST_NUMBER = 60
"""Digits of a number that is one word."""

_WORD = re.compile(r"[\u2e80-\u9fff\uac00-\ud7af]|[^\s\u2e80-\u9fff\uac00-\ud7af]+")
"""A run of non-spaces; in Chinese, Japanese and Korean, each character."""
_NUMBER = re.compile(r"\d[\d.,]*")
_HAS_WORD = re.compile(r"[^\W\d_]{2,}")
_EDGES = "$.,;:!?\"'“”‘’()[]{}*_`#~|>\u2026-"

_OPERATORS = frozenset("+-*/=<>")
_SAYS = re.compile(r"[^\W_]|[^\x00-\x7f]")
"""A letter, a digit, or a sign beyond ASCII: a rule of dashes or equals signs says nothing."""
_ROMAN = re.compile(r"[ivxlcdm]+")

_BLANKS = re.compile(r"\s{2,}")

_SPELLED = frozenset((*NUMBER_WORDS, "hundred"))

Gram = tuple[str, ...]


def words_of(text: str) -> list[str]:
    """Splits a text into lower-cased words; invisible characters and HTML comments are dropped.

    >>> words_of("Half of 48/2 is 12.")
    ['half', 'of', '48/2', 'is', '12.']
    >>> len(words_of("ab" * 50))
    100
    """
    found = _WORD.findall(visible(unicodedata.normalize("NFKC", text)).lower())
    return [piece for word in found for piece in _pieces(word)]


def _pieces(word: str) -> Sequence[str]:
    """The word; of a long run of characters that repeats itself, the characters."""
    parts = len(word) - PHRASE + 1
    if word.isdecimal() and len(word) <= _LONGEST_NUMBER:
        return [word]
    loops = len(word) > LONGEST_WORD and 2 * len({word[start : start + PHRASE] for start in range(parts)}) < parts
    return word if loops else [word]


def plain_words(text: str) -> list[str]:
    """The words of a text without the punctuation around them; punctuation alone is no word, an operator is.

    >>> plain_words("So, **12** - 4 = 8!")
    ['so', '12', '-', '4', '=', '8']
    """
    bare = (word if word in _OPERATORS else word.strip(_EDGES) for word in words_of(text))
    return [word for word in bare if word in _OPERATORS or _SAYS.search(word)]


def grams_of(words: Sequence[str], size: int) -> list[Gram]:
    """The n-grams of the words; n is `size`."""
    return [tuple(words[start : start + size]) for start in range(len(words) - size + 1)]


def new_words(text: str, question: str = "") -> int:
    """The number of words that say something new.

    Not counted are trigrams that occurred before, that count on (`1 2 3`), or that came more than `LOOP` times with
    other numbers in them, and quotations of the question of at least `QUOTE` words.

    >>> new_words("ash elm oak ash elm oak"), new_words("1 2 3 4 5 6 7 8")
    (5, 2)
    """
    words = _without_quotes(plain_words(text), plain_words(question))
    grams = grams_of(words, PHRASE)
    rows = zip(repeats(words, PHRASE), _counts_on(grams), grams, strict=True)
    return len(words) - sum(again or counts or all(map(is_count, gram)) for again, counts, gram in rows)


def repeats(words: Sequence[str], size: int) -> list[bool]:
    """For each n-gram of words: whether it occurred before, or `LOOP` times before with other numbers in it.

    >>> repeats(["try", "1", "try", "2", "try", "3", "try", "4", "try"], 2)
    [False, False, False, False, False, False, True, True]
    """
    loops = _loops(words, size)
    seen, found = set[Gram](), []
    for start, gram in enumerate(grams_of(words, size)):
        found.append(gram in seen or start in loops)
        seen.add(gram)
    return found


def _loops(words: Sequence[str], size: int) -> set[int]:
    """Where n-grams begin that came `LOOP` times before with other numbers; half of each must be words.

    Without that condition arithmetic such as `8 + 4 =` would be a loop.
    """
    shapes = [_NUMBER.sub("#", word) for word in words]
    if all(map(eq, shapes, words)):
        return set()
    letters = [0, *accumulate(bool(_HAS_WORD.search(word)) for word in words)]
    counts, found = Counter[Gram](), set[int]()
    for start, shape in enumerate(grams_of(shapes, size)):
        if "#" in "".join(shape) and 2 * (letters[start + size] - letters[start]) >= size:
            counts[shape] += 1
            found |= {start} if counts[shape] > LOOP else set()
    return found


def _counts_on(grams: Sequence[Gram]) -> list[bool]:
    """For each n-gram: whether it came `COUNTING` times before with other numbers in it."""
    counts, found = Counter[Gram](), []
    for gram in grams:
        shape = tuple(_NUMBER.sub("#", word) for word in gram)
        counts[shape] += 1
        found.append(shape != gram and counts[shape] > COUNTING)
    return found


def is_count(word: str) -> bool:
    """Whether a word is a number in digits, words or Roman figures, or a single letter: three in a row only count."""
    spelled = _SPELLED.issuperset(word.split("-"))
    return bool(_NUMBER.fullmatch(word) or _ROMAN.fullmatch(word) or spelled) or (
        len(word) == 1 and word.isascii() and word.isalpha()
    )


def _without_quotes(words: list[str], question: Sequence[str]) -> list[str]:
    """The words that are in no run of `QUOTE` words of the question."""
    known = set(grams_of(question, QUOTE))
    if not known:
        return words
    quoted = {
        place
        for start, gram in enumerate(grams_of(words, QUOTE))
        if gram in known
        for place in range(start, start + QUOTE)
    }
    return [word for place, word in enumerate(words) if place not in quoted]


def said(text: str) -> float:
    """In [0, 1]: the share of a text that says something: 1 for ordinary text, near 0 for a loop or for blanks.

    >>> said("So 37 + 45 = 82."), said("so " * 100) < 0.1, said(" \\n" * 100)
    (1.0, True, 0.0)
    """
    shown = _BLANKS.sub("  ", visible(text)).strip()
    if not shown:
        return 0.0
    new = (1.0 - share(repeats(words_of(shown), 4))) / (1.0 - ORDINARY)
    return len(shown) / len(text.strip()) * min(1.0, new)


def is_quoted(words: Sequence[str], question: Sequence[str]) -> bool:
    """Whether the words stand in the question, one after another."""
    return bool(words) and f" {' '.join(words)} " in f" {' '.join(question)} "


def share(flags: Iterable[bool]) -> float:
    """The share of true ones; 0 where there are none."""
    counted = list(flags)
    return sum(counted) / max(1, len(counted))
