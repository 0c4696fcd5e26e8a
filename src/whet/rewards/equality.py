r"""Answer equality: as numbers, as text, or by computer algebra.

A numeric gold answer is compared as an exact number, in a few microseconds (`quantities.py`): an unevaluated sum does
not equal it, or copying the question would pay. Any other is compared as text and then by computer algebra
(`latex.py`). Every step is bounded, whatever the text.
"""

import re

from whet.rewards.latex import Compare, latex_equal, verify
from whet.rewards.quantities import quantity

_WRAPPED = re.compile(r"\\(?:text(?:bf|it|rm|normal)?|mbox|mathrm|mathbf|boxed)\s*\{([^{}]*)\}")
_TYPESETTING = re.compile(r"\\(?:left|right|displaystyle|[,;:! ()\[\]])|\*\*|[$~]")
_DOUBLED = re.compile(r"\\\\(?=[dtc]?frac|sqrt|text|mbox|pi|cdot|times|infty|left|right|boxed|circ|theta|pm)")
"""A backslash escaped once too often; elsewhere, two of them separate the rows of a matrix."""
_LOOSE_SPACE = re.compile(r"(?<!\w)\s+|\s+(?!\w)")
_WORDS = re.compile(r"[^\W\d_]{2,}(?:[ '’-][^\W\d_]+)*")
_LONGEST_TEXT = 2000
"""Characters; longer answers are compared as exact strings only."""


def answers_equal(given: str, gold: str, compare: Compare = verify) -> bool:
    r"""Whether the answers `given` and `gold` are equivalent; an empty one never is. `compare` does the algebra.

    A list of answers equals no single one. Percent: `50%` is both 50 and 0.5. Units and currency: `5 cm` is
    5, but 5 cm is not 5 m. The case of words does not count.

    >>> [answers_equal(text, "1080") for text in ("1,080.00", "$1080", "1.08 × 10^3", "1080 g.", "1080 or 9")]
    [True, True, True, True, False]
    >>> answers_equal("(3, \\frac{\\pi}{2})", "\\left( 3, \\frac{\\pi}{2} \\right)")
    True
    """
    given, gold = _DOUBLED.sub(r"\\", given.strip()), gold.strip()
    if not given or not gold or given == gold:
        return bool(given) and given == gold
    if max(len(given), len(gold)) > _LONGEST_TEXT:
        return False
    if expected := quantity(gold):
        number = quantity(given)
        return number is not None and number.equals(expected)
    return _plain(given) == _plain(gold) or latex_equal(given, gold, compare)


def _plain(text: str) -> str:
    """Normalised text: without wrappers, loose space, a final period, and the case of words."""
    text = _TYPESETTING.sub(" ", _WRAPPED.sub(r" \1 ", text)).strip().rstrip(".,;: ")
    text = _LOOSE_SPACE.sub("", text)
    option = re.fullmatch(r"\(([A-Za-z])\)", text)
    bare = option[1] if option else text
    return bare.casefold() if _WORDS.fullmatch(bare) else bare
