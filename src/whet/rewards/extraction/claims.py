"""Cuts a text down to its main claim: `72, as 2 * 36 = 72 shows` says 72, `19, not 18` says 19."""

import re

from whet.rewards.extraction.doubt import replaces, takes_back
from whet.rewards.extraction.hedges import hedged
from whet.rewards.extraction.values import values

_REASON = re.compile(
    r"\s*[,;:–—]?\s*\b(?:because|since|given that|due to|as it|so that|which"
    r"|as (?:wanted|required|desired|requested))\b.*"
    r"|\s*(?:,|—|–|;)\s*(?:as (?!well\b|opposed\b|an alternative\b)|for (?=\w+ (?:is|are|was|were)\b)"
    r"|(?:the|a|an|in|with) (?![\w ]*\b(?:alternative|second|other)\b)).*"
    r"|\s+-\s+(?:the|a|an|as|because|since)\b.*"
    r"|\s*,?\s*(?<!\bif )(?<!\bis )(?<!\bare )\b(?:not|and not|rather than|instead of|it can(?:no|['’])t be"
    r"|it cannot be|it (?:is not|isn['’]t))\s.*"
    r"|,\s*(?:it|he|she|they|we)\s+[^\d]*$"
    r"|(?<!\bvs)(?<!\.)\.\s+(?![A-J]\W*$)[A-Z].*",
    re.DOTALL,
)
_FRONTED = re.compile(
    r"(?:(?:so|thus|hence|therefore|then)\b,?\s+)?"
    r"(?:(?:after|in|for|with|at|of|by|during|if|when|over|within|given|out of|per|every|each|on)\b"
    r"[^,.;—]{0,60},\s*){1,3}",
    re.IGNORECASE,
)
"""Circumstances in front of a sentence, whose comma starts no reason."""
_REJECTION = re.compile(r"[\s,;]*(?:and )?(?:not|rather than|instead of|it can|it is not|it isn)")
_ASIDE = re.compile(
    r"\s*\((?=[^()\d]*[A-Za-z]{3}[^()\d]*\)|[^()]*(?:[+*/=×]|\b(?:times|of|from)\b)|[^()]*[A-Za-z]{2,}\s+[A-Za-z]{2,}|[A-Za-z]{3,}|\d[\d.]*\s*\\?%\)|(?:at|for|per|with|from)\s)[^()]*\)[.!]?$"
)
_BLANKS = re.compile(r"\s{4,}")
"""White space that says no more than three characters of it, but would take the patterns above minutes."""
LONGEST_SENTENCE = 1500
"""Characters of a sentence that is searched for reasons, which may take the square of its length."""
_RESTATED = re.compile(r"\banswer (?:is|=|:)", re.IGNORECASE)


def main_claim(body: str) -> str:
    """The text without reasons, negations and asides behind it; one longer than `LONGEST_SENTENCE` as it is.

    >>> main_claim("72, as 2 * 36 = 72 shows"), main_claim("19, not 18"), main_claim("20 dollars (for 4 people)")
    ('72', '19', '20 dollars')
    """
    if len(body) > LONGEST_SENTENCE:
        return body
    body = _BLANKS.sub("   ", body)
    fronted = _FRONTED.match(body)
    cut = _REASON.search(body, fronted.end() if fronted else 0)
    claim = body[: cut.start()] if cut and cut.start() else body
    shorter = _ASIDE.sub("", claim)
    kept = shorter.strip().rstrip("(").rstrip() or claim
    rest = body[len(kept) :]
    return body if hedged(rest) and not _REJECTION.match(rest) else kept.strip()


def says_another(rest: str, claim: str) -> bool:
    """Whether what stands behind a claim replaces its number: `36. Actually 37`, `36. The answer is 37`."""
    if replaces(rest, claim) or takes_back(rest):
        return True
    again = _RESTATED.search(rest)
    given, other = ({value.plain for value in values(text)} for text in (claim, rest[again.end() :] if again else ""))
    return bool(given and other) and given.isdisjoint(other)
