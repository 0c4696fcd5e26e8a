r"""Equality of formulas by math-verify: `\sqrt{3}`, `(1, -2)`, `x^2 + 1`, sets, intervals, matrices.

The text comes from a model, so inputs on which computer algebra could run away are refused first, as not equal:
towers and huge powers, factorials, sums and integrals, deep nesting, long texts, variables that the gold answer does
not have. The rest is bounded by the caller: a run compares in a worker with a time limit. math-verify's own time
limits use signals, which work only in a main thread, so they are off.
"""

import logging
import re
from collections.abc import Callable
from dataclasses import replace
from math import prod
from typing import Any

LONGEST = 300
"""Characters of an answer."""
DEEPEST = 12
"""Brackets inside brackets."""
LARGEST_BRACKET_POWER = 30
"""The largest product of all exponents of brackets; other exponents have at most three digits."""

_REFUSED = re.compile(
    r"""
    \d{26,} | [\x00-\x08\x0e-\x1f\ud800-\udfff]                       # no answer looks like this
    | \^\s*\{?\s*[-+]?\s*\d{4,} | \*\* | \^\s*-?(?:\d+|\w)\s*\^ | \^[^{}^]{1,4}\^[^{}^]{1,4}\^  # huge powers, towers
    | \d{3,}\s*! | [)\]}!]\s*!                                        # factorials
    | \d\s*_\s*\{?\s*(?:0|\d{3})                                      # no base of a number
    | \\(?:i*int|oint|sum|prod|lim|[dt]binom|choose|partial|Gamma|zeta|operatorname)
    | \\binom(?!\s*\{[^{}\d]*[A-Za-z][^{}]{0,9}\}\s*\{[1-5]\})               # but for n over 2
    """,
    re.VERBOSE,
)
_AT_MOST = {"\\exp": 1, "\\sqrt": 6, "\\pm": 2, "\\mp": 2, "|": 6, "\\binom": 2}
"""The most occurrences of costly operators in an answer."""
_BRACKET_POWER = re.compile(r"[)\]}]\s*\^\s*\{?\s*[-+]?\s*(\d+)")
_JUXTAPOSED = re.compile(r"(?<![\w\\^.])(\d+|\(\d+\))\s*(?=\()")
"""A number times a bracket, as in 5(26), which math-verify would read as a sum."""
_RELATION = re.compile(r"[=<>]|\\(?:in|leq?|geq?|lt|gt|neq?)\b")
_COMMAND = re.compile(r"\\(?:text\w*|mbox|mathrm)\s*\{[^{}]*\}|\\[A-Za-z]+")
_BASE = re.compile(r"\d\s*_\s*(?:\{\s*)?([^\s{}]+)")
_SUBSCRIPTED = re.compile(r"(?<![A-Za-z])([A-Za-z])_\{?(\w+)")
"""A variable and its subscript."""
_PLAIN_WORDS = re.compile(r"(?=.*(?:[A-Za-z]{4}|[,.']))[A-Za-z][A-Za-z ,.'-]*")
"""Words, not products of variables: `ab` may be one."""


def refused(text: str) -> bool:
    """Whether a text has no maths, or is too long, too deeply nested or too costly for computer algebra."""
    if len(text) > LONGEST or not text or _PLAIN_WORDS.fullmatch(text) or _REFUSED.search(text):
        return True
    if any(text.count(mark) > most for mark, most in _AT_MOST.items()):
        return True
    powers = prod(int(power) for power in _BRACKET_POWER.findall(text))
    return powers > LARGEST_BRACKET_POWER or _depth(text) > DEEPEST or _has_tower(text)


def _incomparable(given: str, gold: str) -> bool:
    """Whether the two have different variables, or are numbers in different bases."""
    bases = _BASE.findall(given), _BASE.findall(gold)
    if bases[0] != bases[1]:
        return True
    return not _RELATION.search(given + gold) and _variables(given) != _variables(gold)


def _variables(text: str) -> set[str]:
    text = _COMMAND.sub(" ", text)
    letters = {letter for word in re.findall(r"[A-Za-z]+", text) if len(word) < 4 for letter in word}
    return letters - {"e", "i"} | {"_".join(found) for found in _SUBSCRIPTED.findall(text)}


def _depth(text: str) -> int:
    depth = deepest = 0
    for char in text:
        depth += (char in "([{") - (char in ")]}")
        deepest = max(deepest, depth)
    return deepest


def _has_tower(text: str) -> bool:
    """Whether a braced exponent has an exponent inside."""
    inside: list[bool] = []  # for each open brace: whether it is within an exponent
    previous = ""  # the last character that is not a space
    for char in text:
        if char == "{":
            inside.append(previous == "^" or any(inside[-1:]))
        elif char == "}" and inside:
            inside.pop()
        elif char == "^" and any(inside[-1:]):
            return True
        previous = char if char != " " else previous
    return False


def verify(given: str, gold: str) -> bool:
    """Whether two formulas or equations are equal by computer algebra; runs without a time limit.

    math-verify parses them; `_identical` compares, exactly: two values that only agree in their first digits differ.
    """
    try:
        one, other = ([_parsed(side) for side in text.split("=")] for text in (given, gold))
        if len(one) == len(other) == 1:
            return _identical(one[0], other[0])
        return len(one) == len(other) == 2 and _proportional(one[0] - one[1], other[0] - other[1])
    except Exception:  # whatever way a parser fails on what a model wrote, it has shown no equality
        return False


def _parsed(text: str) -> Any:
    """The formula as a sympy expression, its decimals as fractions. Raises where the text is none."""
    import math_verify
    import sympy
    from math_verify import LatexExtractionConfig

    logging.getLogger("math_verify").setLevel(logging.ERROR)
    bare = _JUXTAPOSED.sub(r"\1\\cdot ", text.strip().strip("$"))
    # Only LaTeX is extracted: math-verify's other extractor hands text to Python's own evaluation.
    # Units stay: they are read before, and what is left are variables.
    config = LatexExtractionConfig(
        normalization_config=replace(LatexExtractionConfig().normalization_config, units=False)
    )
    found = math_verify.parse(f"${bare}$", [config], parsing_timeout=None, fallback_mode="no_fallback")
    expression = sympy.sympify(found[0]).doit()
    if not isinstance(expression, sympy.Expr):
        raise TypeError(f"{type(expression)} is no formula")
    # one parser takes i for a real variable, another does not
    expression = expression.xreplace({one: sympy.Symbol("i") for one in expression.free_symbols if one.name == "i"})
    return _with_real_roots(sympy.nsimplify(expression, rational=True) if expression.has(sympy.Float) else expression)


def _with_real_roots(expression: Any) -> Any:
    """The expression with odd roots of variables as real numbers, also where what is under them is negative."""
    import sympy

    def is_odd_root(one: Any) -> bool:
        return bool(one.is_Pow and one.exp.is_Rational and one.exp.q % 2 and one.exp.q > 1 and one.base.free_symbols)

    return expression.replace(is_odd_root, lambda one: sympy.sign(one.base) ** one.exp.p * abs(one.base) ** one.exp)


_POINTS = ("7/5", "-303/7", "2309/11", "31/13", "-19/17")
"""Values that variables are given in turn, to see whether two expressions differ: small and large ones of both
signs, so that `|x - 30|` is neither `x - 30` nor `30 - x`."""
_DIGITS = 40
"""Digits to which values are computed."""


def _identical(one: Any, other: Any) -> bool:
    """Whether two expressions have the same variables and, at every point tried, the same value to many digits."""
    if one == other:
        return True
    if one.free_symbols != other.free_symbols:
        return False
    return all(_same_value(one.subs(point), other.subs(point)) for point in _points(one))


def _points(expression: Any) -> list[dict[Any, Any]]:
    """Assignments of values to the variables; one without any where there are none."""
    import sympy

    names = sorted(expression.free_symbols, key=str)
    shifts = range(len(_POINTS)) if names else range(1)
    return [
        {name: sympy.Rational(_POINTS[(place + shift) % len(_POINTS)]) + place for place, name in enumerate(names)}
        for shift in shifts
    ]


def _same_value(one: Any, other: Any) -> bool:
    """Whether two numbers are equal: fractions exactly, others to `_DIGITS` relative to their size."""
    import sympy

    if one.is_Rational and other.is_Rational:
        return bool(one == other)
    size = abs(sympy.N(other, _DIGITS))
    if not (size.is_number and size.is_finite):
        return False
    difference = abs(sympy.N(one - other, _DIGITS, chop=False))
    return bool(difference <= size * sympy.Float(10) ** (5 - _DIGITS))


def _proportional(one: Any, other: Any) -> bool:
    """Whether two equations `one = 0` and `other = 0` are the same up to a constant factor."""
    if one.free_symbols != other.free_symbols or not one.free_symbols:
        return False
    first = _points(one)[0]
    factor = (one / other).subs(first)
    return bool(factor.is_finite and factor != 0) and _identical(one, factor * other)


Compare = Callable[[str, str], bool]
"""(answer, gold answer) → whether they are equal."""


def latex_equal(given: str, gold: str, compare: Compare = verify) -> bool:
    r"""Whether two formulas are mathematically equal; `False` where either does not parse or is refused.

    Args:
        given, gold: the formulas.
        compare: does the algebra; its exceptions propagate.

    >>> latex_equal(r"\frac{1}{\sqrt{3}}", r"\frac{\sqrt{3}}{3}"), latex_equal("9^{9^{9^9}}", "1")
    (True, False)
    """
    return not (refused(given) or refused(gold) or _incomparable(given, gold)) and compare(given, gold)
