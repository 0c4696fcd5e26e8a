"""Decides which answers are safe for Reasoning Gym's verifiers, some of which evaluate them as Python or sympy.

Those get an answer only if a regular expression allows it: arithmetic with small numbers, a polynomial, or a list of
plain items, without calls, attributes or long computations.
"""

import re
from collections.abc import Mapping

LONGEST = 4000
"""The most characters of an answer for any verifier."""

_SUM = re.compile(r"(?:\d{1,6}+(?!\d)|[-+()\s]|(?<!\*)\*(?!\*)|(?<!/)/(?!/)){1,300}+")
"""Numbers and the four operations; no powers."""

_ITEMS = re.compile(r"(?!.*\bfor\b)(?:[\w\s,\[\]-]|'[\w\s]*+'|\"[\w\s]*+\")*+", re.DOTALL)
"""Lists of numbers and quoted or bare words, without calls, attributes or loops."""

_FUNCTIONS = "sin|cos|tan|asin|acos|atan|sinh|cosh|tanh|exp|log|sqrt|pi"
_FORMULA = re.compile(
    rf"(?!.*\)\s*\*\*.*\)\s*\*\*)(?=.{{0,200}}\Z)"
    rf"(?:(?<![A-Za-z\d_])(?:{_FUNCTIONS}|[A-Za-z])(?![A-Za-z\d_])|\d{{1,8}}+(?:\.\d{{1,8}}+)?(?!\d)"
    r"|\*\*\s*\(?\s*-?\d{1,2}(?:/\d{1,2})?(?!\d)(?!\s*\*\*)|[-+()\s]|(?<!\*)\*(?!\*)|(?<!/)/(?!/))*+",
    re.DOTALL,
)
"""Polynomials and elementary functions of one-letter variables, in 200 characters: powers have at most two digits and
no nested powers, and at most one bracket is raised to a power."""

EVALUATING: Mapping[str, re.Pattern[str]] = {
    "countdown": _SUM,
    "puzzle24": _SUM,
    "polynomial_multiplication": _FORMULA,
    "simple_integration": _FORMULA,
    "intermediate_integration": _FORMULA,
    "binary_matrix": _ITEMS,
    "n_queens": _ITEMS,
    "spiral_matrix": _ITEMS,
    "string_insertion": _ITEMS,
}
"""The tasks whose verifiers evaluate answers, and the pattern of safe ones."""


def is_safe(task: str, answer: str) -> bool:
    """Whether an answer may be passed to a task's verifier.

    >>> is_safe("countdown", "(3 + 5) * 25"), is_safe("countdown", "9**9**9"), is_safe("countdown", "exit()")
    (True, False, False)
    """
    allowed = EVALUATING.get(task)
    return len(answer) <= LONGEST and (allowed is None or allowed.fullmatch(answer) is not None)
