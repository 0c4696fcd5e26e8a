r"""Answers that are formulas: `\sqrt{3}`, `(1, -2)`, `x^2 + 1`, sets, intervals, matrices: by math-verify.

The text comes from a model, so what could make a computer algebra system run away is refused before it gets
there: towers and huge powers, factorials, sums and integrals, deep nesting, long texts. What is refused is not
equal. math-verify's own time limits rest on signals, which work only in a main thread, so they are off.
"""

import logging
import re
from functools import lru_cache
from math import prod
from typing import Any

LONGEST = 300
"""Characters of an answer."""
DEEPEST = 12
"""Brackets inside brackets."""
LARGEST_POWER = 999
"""The largest exponent of a number or a letter."""
LARGEST_BRACKET_POWER = 100
"""The largest product of all exponents of brackets."""

_REFUSED = re.compile(
    r"""
    \d{26,} | [\x00-\x08\x0e-\x1f\ud800-\udfff]                                  # no answer looks like this
    | \^\s*\{?\s*[-+]?\s*\d{4,} | \*\* | \^[^{}^]{1,4}\^[^{}^]{1,4}\^             # huge powers, towers
    | \d{3,}\s*! | [)\]}!]\s*!                                                   # factorials
    | \\(?:i*int|oint|sum|prod|lim|[dt]?binom|choose|partial|Gamma|zeta|operatorname)
    | (?:\\exp.*){2} | (?:\\sqrt.*){7} | (?:\\pm.*){3} | (?:\\mp.*){3} | (?:\|.*){7}
    """,
    re.VERBOSE | re.DOTALL,
)
_BRACKET_POWER = re.compile(r"[)\]}]\s*\^\s*\{?\s*[-+]?\s*(\d+)")
_JUXTAPOSED = re.compile(r"(?<![\w\\^.])(\d+|\(\d+\))\s*(?=\()")
"""A number times a bracket, which math-verify would add: 5(26)."""
_PLAIN_WORDS = re.compile(r"[A-Za-z][A-Za-z ,.'-]*")


@lru_cache(maxsize=4096)
def latex_equal(given: str, gold: str) -> bool:
    r"""Whether two formulas are equal as mathematics; `False` where either cannot be read or is refused.

    >>> latex_equal(r"\frac{1}{\sqrt{3}}", r"\frac{\sqrt{3}}{3}"), latex_equal("9^{9^{9^9}}", "1")
    (True, False)
    """
    if refused(given) or refused(gold):
        return False
    try:
        return _verify(given, gold)
    except Exception:  # a parser for people's mathematics may fail in any way on a model's; that is no equality
        return False


def refused(text: str) -> bool:
    """Whether a text is too long, too deep or too explosive to hand to computer algebra, or holds no maths."""
    if len(text) > LONGEST or not text or _PLAIN_WORDS.fullmatch(text) or _REFUSED.search(text):
        return True
    powers = prod(int(power) for power in _BRACKET_POWER.findall(text))
    return powers > LARGEST_BRACKET_POWER or _depth(text) > DEEPEST or _has_tower(text)


def _depth(text: str) -> int:
    depth = deepest = 0
    for char in text:
        depth += (char in "([{") - (char in ")]}")
        deepest = max(deepest, depth)
    return deepest


def _has_tower(text: str) -> bool:
    """Whether a braced exponent has an exponent inside."""
    inside: list[bool] = []
    previous = ""
    for char in text:
        if char == "{":
            inside.append(previous == "^" or any(inside[-1:]))
        elif char == "}" and inside:
            inside.pop()
        elif char == "^" and any(inside[-1:]):
            return True
        previous = char if char != " " else previous
    return False


def _verify(given: str, gold: str) -> bool:
    import math_verify
    from math_verify import LatexExtractionConfig

    def read(text: str) -> list[Any]:
        bare = text.strip().strip("$").removeprefix("\\(").removesuffix("\\)")
        bare = _JUXTAPOSED.sub(r"\1\\cdot ", bare)
        # Only LaTeX is extracted: math-verify's other extractor hands text to Python's own evaluation.
        return math_verify.parse(f"${bare}$", [LatexExtractionConfig()], parsing_timeout=None, raise_on_error=True)

    logging.getLogger("math_verify").setLevel(logging.ERROR)
    return bool(math_verify.verify(read(gold), read(given), timeout_seconds=None))
