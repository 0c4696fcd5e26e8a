"""Tells an answer that is doubted, denied or replaced: `I doubt that it is 18`, `18. That is wrong`, `18. Wait, 20`."""

import re

from whet.rewards.extraction.values import values

_CLAUSE = re.compile(r"[.!?;:,\n](?=\s)|\b(?:so|but|hence|thus|therefore|then)\b", re.IGNORECASE)
"""What separates a clause from those before it."""
_WRONG = r"(?:wrong|incorrect|false|mistaken|bad|invalid)"
_DOUBT = re.compile(
    r"(?:\b(?:do|does|did|would|could|can)(?:n['’]t|\s*not)|\bnever)\s+(?:think|believe|say|accept|claim|suppose|expect)\b"
    r"|(?<!no )(?<!a )(?<!any )\bdoubt(?:s|ed|ful)?\b"
    r"|\b(?:unlikely|improbable|unclear|uncertain|unsure)\b"
    r"|\b(?:not|isn['’]t|n['’]t)\s+(?:sure|certain|clear|true|the case|correct|right)\b"
    rf"|\b{_WRONG}\s+(?:that|to)\b|\b{_WRONG}\s+(?:answer|result|value|solution|choice|option)\b"
    r"|\bmistake\s+to\b|\b(?:no\s?one|nobody|none)\b[^.]*\b(?:sa(?:y|ys|id)|think|thinks|claims?|believes?)\b"
    r"|\b(?:refuse[sd]?|reject(?:s|ed)?|den(?:y|ies|ied)|rule[sd]? out)\b"
    r"|\bwhat\s+if\b|\b(?:they|some|people|others)\s+(?:claim|say|think)\b"
    r"|\b(?:if|whether)\s+(?:(?:the|my|our|final|correct)\s+)*(?:answer\s+(?:is\s+)?)?\Z",
    re.IGNORECASE,
)
"""What in a clause before an answer says that it may be none."""
_PARTIAL = re.compile(
    r"\banswer\s+(?:contains?|includes?|has|starts?|begins?|ends?|exceeds?|depends|differs|varies|lies|falls)\b",
    re.IGNORECASE,
)
"""What says something about an answer without giving it."""
_MARKS = " \n\t$()[]}*_.,;:!\"'”’–—-"
_CLOSERS = r"[ $)\]}*_.,;:!\"'”’–—-]*"
_REMARKS = (
    r"(?:(?:no|nope|wait|hmm+|oops|sorry|actually|but|which|that|this|it|answer|is|was|['’]s|the|[^\w\s]) ?){0,8}"
)
_DENIAL = re.compile(
    rf"{_CLOSERS}\(?(?:\b{_REMARKS}(?:clearly|obviously|definitely)?\s*"
    rf"(?:{_WRONG}|not\s+(?:right|correct|true|(?:the|my|our)\s+(?:(?:right|correct|final)\s+)?answer)"
    r"|(?:isn|wasn)['’]t\s+(?:right|correct|true|the\s+answer)|(?:can['’]t|cannot|can\s+not)\s+be\s+(?:right|correct|true|the\s+answer))"
    r"(?=\s*(?:[.,;:!)—–]|\Z|\n|(?:because|since|as|and|but|it)\b))"
    r"|fails\b|\?\s*No\b)",
    re.IGNORECASE,
)
"""What right behind an answer takes it back."""
_REVISION = re.compile(
    r"(?:wait|actually|oops|sorry|hmm+|no(?=\s*[,:;.!—–])|nope|edit|correction|scratch that|on second thought"
    r"|let me correct|if (?:that|this|it)(?:['’]s| is)|i made a mistake)\b",
    re.IGNORECASE,
)
"""What right behind an answer begins to replace it."""
_FAR = 600
"""Characters behind an answer beyond which what follows is another text."""
_NEAR = 120
"""Characters before or behind an answer that are searched for doubt and denial."""


def is_doubted(before: str) -> bool:
    """Whether the clause that leads to an answer doubts it, denies it or says that others give it.

    >>> [is_doubted(text) for text in ("I doubt that it is ", "There is no doubt that it is ", "I doubt 9, so it is ")]
    [True, False, False]
    """
    near = before[-_NEAR:].lower()
    return bool(_DOUBT.search(_CLAUSE.split(near)[-1]) or ("answer" in near and _PARTIAL.search(near)))


def takes_back(behind: str) -> bool:
    """Whether a text right behind an answer calls it wrong.

    >>> [takes_back(text) for text in ("$ is wrong.", ". No, that can't be right.", ". It is false that 4 is odd.")]
    [True, True, False]
    """
    return bool(_DENIAL.match(" ".join(behind[:_NEAR].split())))


def replaces(behind: str, answer: str) -> bool:
    """Whether a text right behind an answer goes on to other numbers, without a word about this one.

    >>> replaces(". Wait, it is 20.", "18"), replaces(". Wait, let me check: 9 + 9 = 18.", "18")
    (True, False)
    """
    if len(behind) > _FAR or not _REVISION.match(behind[:_NEAR].lstrip(_MARKS)):
        return False
    given, others = ({value.plain for value in values(text)} for text in (answer, behind))
    return bool(given and others) and given.isdisjoint(others)
