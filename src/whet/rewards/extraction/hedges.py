r"""Tells one answer from several: `18 or 20`, `18 (maybe 20)`, `\sqrt{2} \text{ or } \sqrt{3}`."""

import re
from itertools import pairwise

from whet.rewards.extraction.values import is_operand, values

_CHOICE = frozenset(
    "or nor either neither maybe perhaps possibly alternatively otherwise else unless instead vs versus might".split()
)
"""Words that make a hedge of any text with two values."""
_DOUBT = _CHOICE | frozenset(
    "potentially possible probably likely presumably conceivably alternative alternatives alternately alt if could may "
    "but however though although yet whereas while rather between through till until depending depends whichever "
    "unsure uncertain sure guess even both also then later next second secondly another other others likewise resp "
    "respectively backup candidate candidates option options try too plus besides additionally moreover hmm wait well "
    "not no yes change changed revised corrected correction actually sometimes equally failing barring except opposed "
    "against compared followed and with without say aka as when where".split()
)
"""Words that put another answer beside the first, where they stand between two values."""
_PREPOSITIONS = frozenset("after in on over for per by within during at from of than before under every each to".split())
_WRITTEN = re.compile(r"\\(?:text\w*|mbox|mathrm)\s*\{([^{}]*)\}")
_CHOICE_MARK = re.compile(r"\\(?:lor|vee)\b|\bone of\b|\bcould be\b|\bcan be\b|\bmay be\b|\bnot sure\b|\bas well as\b", re.IGNORECASE)
_WORD = re.compile(r"[A-Za-z'’-]+")
_REVISION = re.compile(
    r"\b(?:no|wait|actually|correct\w*|check\w*|mistake|again|sorry|instead|rather|revis\w*|so|hence|thus|therefore)\b",
    re.IGNORECASE,
)
_FAR = 60
"""Characters between two marked answers beyond which the second one replaces the first."""


def several_values(text: str) -> bool:
    """Whether a text gives more than one value as the answer.

    Another number in the prose behind the answer is none: it follows a noun and a preposition.

    >>> [several_values(text) for text in ("18 or 20", "18 20", "18 pens", "16 dollars on snacks after 60 days")]
    [True, True, False, False]
    """
    found = values(text)
    if len({value.plain for value in found}) < 2:
        return False
    free = [value for value in found if not is_operand(value, text)]
    gaps = (text[a.end : b.start] for a, b in pairwise(free) if b.plain != free[0].plain)
    return hedged(text) or not all(map(_is_prose, gaps))


def _is_prose(gap: str) -> bool:
    """Whether what stands between two numbers has a noun and then a preposition, two words before the number at most."""
    words = [word.strip("°\"',.$€£#").lower() for word in gap.split()]
    words = [word for word in words if word]
    if not all(map(_WORD.fullmatch, words)) or _DOUBT.intersection(words):
        return False
    at = max((place for place, word in enumerate(words) if word in _PREPOSITIONS), default=-1)
    return len(words) - 3 <= at and not _PREPOSITIONS.issuperset(words[:at])


def hedged(text: str) -> bool:
    r"""Whether a word of choice stands in a text, also within `\text{…}`.

    >>> hedged(r"\sqrt{2} \text{ or } \sqrt{3}"), hedged("Ann and Bob"), hedged("for")
    (True, False, False)
    """
    plain = _WRITTEN.sub(r" \1 ", text)
    return bool(_CHOICE.intersection(_WORD.findall(plain.lower())) or _CHOICE_MARK.search(plain))


def same_breath(gap: str) -> bool:
    r"""Whether what stands between two marked answers makes them two answers for one: `or`, a comma, next to nothing.

    A later paragraph, or a word of revision, makes the second answer replace the first.

    >>> same_breath(" or "), same_breath(". No, on second thought it is "), same_breath("$. Then we add 10, so $")
    (True, False, False)
    """
    if len(gap) > _FAR or _REVISION.search(gap):
        return False
    return hedged(gap) or len(_WORD.findall(gap)) <= 2
