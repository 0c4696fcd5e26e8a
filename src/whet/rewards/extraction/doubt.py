"""Tells an answer that is doubted, denied or replaced: `I doubt that it is 18`, `18. That is wrong`, `18. Wait, 20`."""

import re

from whet.rewards.extraction.values import values

_CLAUSE = re.compile(
    r"[.!?;:,\n](?=\s)|\b(?:so|but|and|hence|thus|therefore|then|which|giving|leaving|getting|to get)\b", re.IGNORECASE
)
"""What separates a clause from those before it."""
_WRONG = r"(?:wrong|incorrect|false|mistaken|bad|invalid)"
_WE = r"\b(?:i|we|you)\s+(?:(?:ca|can|could|do|did|would|must|should)\s*)?"
_NOT = r"(?:n['’]t|\s*not|\s*never)\s+"
_DOUBT = re.compile(
    rf"{_WE}{_NOT}(?:think|believe|say|accept|claim|suppose|expect)\b|\b(?:i|we)\s+(?:\w+\s+)?doubt\b|\bdoubtful\b"
    r"|(?:\b(?:is|am|are|be|seems)|['’](?:s|m|re))\s+(?:very |quite |highly )?"
    r"(?:unlikely|improbable|unclear|uncertain|unsure)\b|\bunlikely\s+to\s+be\b"
    r"|(?:\b(?:is|am|are)|['’](?:s|m|re))\s+not\s+(?:sure|certain|clear)\b"
    r"|(?:\bnot|n['’]t)\s+(?:true|right|correct|the case)\s+that\b"
    rf"|(?:\bis|\bwas|\bbe|['’]s)\s+{_WRONG}\s+(?:that|to)\b|\bmistake\s+to\b"
    r"|\b(?:no\s?one|nobody)\b[^.]*\b(?:sa(?:y|ys|id)|think|thinks|claims?|believes?)\b"
    rf"|(?<!of )\b(?:the|an?|one|my|your)\s+(?:common\s+|typical\s+)?{_WRONG}"
    r"\s+(?:answer|result|value|solution)\s+(?:is|was)\W*\Z"
    rf"|{_WE}(?:refuse to (?:say|accept|believe)|reject|deny|rule out)\s+"
    r"(?:that\s+|(?:the\s+)?(?:answer|value|result)\s*(?:is\s+)?)*\W*\Z"
    r"|\bwhat\s+if\b|\b(?:they|some|people|others)\s+(?:claim|say|think)\s+(?:that\s+)?(?:it|the\s+answer)\b"
    r"|\b(?:if|whether)\s+(?:(?:the|my|our|final|correct)\s+)*(?:answer\s+(?:is\s+)?)?\Z"
    r"|\banswer\s+(?:contains?|includes?|has|starts?|begins?|ends?|exceeds?|differs|varies|lies|falls)"
    r"(?:\s+(?:in|with|by|from|at|near|above|below|under|over|the))*\W*\Z|\banswer\s+depends\W*\Z",
    re.IGNORECASE,
)
"""What in the clause before an answer says that it may be none, or says something about it without giving it."""
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
_STATES_ANOTHER = re.compile(
    r"(?:\b(?:it|that|this|(?:(?:correct|right|real|actual|true|final)\s+)*(?:answer|result|total|value|sum|number))"
    r"(?:['’]s|\s+is|\s+was|\s+should\s+be|\s+must\s+be|\s+would\s+be|\s+equals)|\b(?:should|must|would)\s+be)"
    r"(?:\s+(?:actually|really|just|in\s+fact))?\s*[$\\(\[*{]*-?\.?\d"
    r"|^\W*(?:(?:[a-z][\w'’ ]{0,24}[,:;.!—–-]|(?:wait|actually|oops|sorry|hmm|no|nope|edit|correction)\b)\s*){0,3}"
    r"(?:then\s+)?[$\\(\[*{]*-?\d[\d.,/]*[$)\]*}]*\W*\Z",
    re.IGNORECASE,
)
"""A statement of another answer, or nothing but another number."""
_COMES_TO = re.compile(r"=\s*\$?-?\d[\d.,/]*\W*\Z")
_MISTAKE = re.compile(r"\b(?:mistake|wrong|incorrect|mis(?:count|calculat|read|took)|error)", re.IGNORECASE)
_CONFIRMS = re.compile(
    r"(?<!not )(?<!isn['’]t )(?<!the )"
    r"\b(?:yes|correct|right|fine|ok(?:ay)?|good|matches|confirmed|holds|checks out|as expected)\b",
    re.IGNORECASE,
)
"""What says that an answer stands after all."""
_FAR = 600
"""Characters behind an answer beyond which what follows is another text."""
_NEAR = 120
"""Characters before or behind an answer that are searched for doubt and denial."""


def is_doubted(before: str) -> bool:
    """Whether the clause that leads to an answer doubts it, denies it or says that others give it.

    >>> [is_doubted(text) for text in ("I doubt that it is ", "There is no doubt that it is ", "I doubt 9, so it is ")]
    [True, False, False]
    """
    return bool(_DOUBT.search(_CLAUSE.split(before[-_NEAR:])[-1]))


def takes_back(behind: str) -> bool:
    """Whether a text right behind an answer calls it wrong.

    >>> [takes_back(text) for text in ("$ is wrong.", ". No, that can't be right.", ". It is false that 4 is odd.")]
    [True, True, False]
    """
    return bool(_DENIAL.match(" ".join(behind[:_NEAR].split())))


def replaces(behind: str, answer: str) -> bool:
    """Whether a text right behind an answer states another one, without a word about this one.

    >>> replaces(". Wait, it is 20.", "18"), replaces(". Wait, let me check: 9 + 9 = 18.", "18")
    (True, False)
    >>> replaces(". Edit: typo in step 2.", "18"), replaces(". Oops, a mistake: 9 + 11 = 20.", "18")
    (False, True)
    """
    revision = len(behind) <= _FAR and _REVISION.match(behind[:_NEAR].lstrip(_MARKS))
    if not revision or _CONFIRMS.search(behind):
        return False
    given, others = ({value.plain for value in values(text)} for text in (answer, behind))
    calculated = (len(given) == 1 and _COMES_TO.search(behind)) or ("=" in behind and _MISTAKE.search(behind))
    stated = calculated or _STATES_ANOTHER.search(behind)
    return bool(stated and given and others) and given.isdisjoint(others)
