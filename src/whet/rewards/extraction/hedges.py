r"""Tells one answer from several: `18 or 20`, `18 (maybe 20)`, `\sqrt{2} \text{ or } \sqrt{3}`."""

import re

from whet.rewards.extraction.languages import CHOICES
from whet.rewards.extraction.values import Value


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


_CHOICE = _words("""
    or nor either neither maybe perhaps possibly alternatively otherwise else unless instead vs versus might
    """)
"""Words that make a hedge of any text with two values."""
_CHOSEN = _CHOICE | CHOICES
_DOUBT = _CHOSEN | _words("""
    potentially possible probably likely presumably conceivably alternative alternatives alternately alt if could
    may but however though although yet whereas while rather between through till until depending depends
    whichever unsure uncertain sure guess even both also then later next second secondly another other others
    likewise resp respectively backup candidate candidates option options try too plus besides additionally
    moreover hmm wait well not no wrong change changed revised corrected correction actually sometimes equally
    failing barring except opposed against compared followed and with without say aka as when where
    """)
"""Words that put another answer beside the first, where they stand between two values."""
_GLUE = _words("""
    and to a an the it is be in words word that this about at least equivalently by
    """)
"""Words that may stand beside those without saying more."""
_WRITTEN = re.compile(r"\\(?:text\w*|mbox|mathrm)\s*\{([^{}]*)\}")
_CHOICE_MARK = re.compile(
    r"\\(?:lor|vee)\b|∨|\b(?:one of|(?:could|can|may|might) (?:also )?be|not sure|as well as|if not|failing that"
    r"|if that is)\b",
    re.IGNORECASE,
)
_LONE_O = re.compile(r"(?<=\d) o (?=\d)")
"""Spanish and Italian for `or`, which elsewhere is a letter."""
_SPACELESS = re.compile("[\u3040-\u30ff\u4e00-\u9fff]")
_FOREIGN = re.compile(
    "|".join(word if _SPACELESS.match(word) else rf"\b{word}\b" for word in sorted(CHOICES) if not word.isascii())
)
_COMMAND = re.compile(r"\\(?:q?quad|lor|vee|to|mid|ldots|dots)\b")
_WORD = re.compile(r"[A-Za-z][A-Za-z'’-]*")
_WRONG = re.compile(
    r"\b(?:wrong|incorrect|(?<=is )false|(?<=are )false|not (?:right|correct|the answer))\b", re.IGNORECASE
)
_STATES = re.compile(r"\W*\b(?:is|are|was|were|equals)\b\W*")
"""What makes one value the result of those before: `3/4 of 24 is 18`."""
_REVISION = re.compile(
    r"\b(?:no|wait|actually|correct\w*|check\w*|mistake|again|sorry|instead|revis\w*|so|hence|thus|therefore)\b",
    re.IGNORECASE,
)
_NEXT = re.compile(r"\.\s*\n\s*\n\s*(?i:then|next|finally)\b")
"""A paragraph that goes on to the next step."""
_WORKED = re.compile(r"\d\s*=\s*\$?\d[^\n]*\n\s*\n")
"""A calculation and a new paragraph."""
GOES_ON = r"(?i:or|maybe|perhaps|possibly|alternatively|otherwise)\b"
"""A pattern of words at the start of a sentence that hedges the one before."""
_FAR = 60
"""Characters between two marked answers beyond which the second one replaces the first."""


def has_rival(chosen: Value, found: list[Value], text: str) -> bool:
    """Whether another value of a sentence stands right beside the chosen one, with a word of choice between at most.

    >>> from whet.rewards.extraction.values import values
    >>> sentence = "She has 18, or maybe 20"
    >>> has_rival(values(sentence)[0], values(sentence), sentence)
    True
    """
    at = found.index(chosen)
    beside = [pair for pair in ((at - 1, at), (at, at + 1)) if pair[0] >= 0 and pair[1] < len(found)]
    gaps = [text[found[a].end : found[b].start] for a, b in beside if found[a].plain != found[b].plain]
    return any(joins(gap) and not _STATES.fullmatch(gap) for gap in gaps)


def joins(gap: str) -> bool:
    """Whether what stands between two answers says no more than that there are two: a comma, `or`, `→`, `then also`."""
    gap = gap.replace("=>", " ")
    if "=" in gap or "≈" in gap or "approx" in gap:
        return False
    return (_DOUBT | _GLUE).issuperset(_WORD.findall(_WRITTEN.sub(r" \1 ", _COMMAND.sub(" ", gap)).lower()))


def hedged(text: str) -> bool:
    r"""Whether a word of choice stands in a text, also within `\text{…}`.

    >>> hedged(r"\sqrt{2} \text{ or } \sqrt{3}"), hedged("Ann and Bob"), hedged("for")
    (True, False, False)
    """
    plain = _WRITTEN.sub(r" \1 ", text)
    words = _WORD.findall(plain.lower())
    if not _CHOSEN.isdisjoint(words) or _CHOICE_MARK.search(plain):
        return True
    return bool((" o " in plain and _LONE_O.search(plain)) or (not plain.isascii() and _FOREIGN.search(plain.lower())))


def denied(text: str) -> bool:
    """Whether a text calls something wrong.

    >>> denied("18 is wrong"), denied("18")
    (True, False)
    """
    return bool(_WRONG.search(text))


def doubtful(text: str) -> bool:
    """Whether a text has any word that may put another answer beside the first."""
    return hedged(text) or bool(_DOUBT.intersection(_WORD.findall(text.lower())))


def same_breath(gap: str) -> bool:
    r"""Whether what stands between two marked answers makes them two answers for one: `or`, a comma, next to nothing.

    A later paragraph, or a word of revision, makes the second answer replace the first.

    >>> same_breath(" or "), same_breath(". No, on second thought it is "), same_breath("$. Then we add 10, so $")
    (True, False, False)
    """
    if len(gap) > _FAR or _REVISION.search(gap) or _NEXT.search(gap) or _WORKED.search(gap):
        return False
    return hedged(gap) or joins(gap) or len(_WORD.findall(gap)) <= 2
