r"""Whether an answer has the form that a question asks for: expanded, factored, divided out.

An expression of the question that was only written in another way, such as `x(x+5)+6` for a factored x² + 5x + 6, is
not worked out. Formulas are in the notation of `expressions.canonical`.
"""

import re

from whet.rewards.expressions import bag, canonical, formulas_of, terms, tokens

_EXPAND = re.compile(r"\bexpand|\bmultiply out\b", re.IGNORECASE)
_FACTOR = re.compile(r"(?<!\ba )(?<!scale )(?<!common )\bfactor(?:i[sz]e|ed)?\b(?! of\b)", re.IGNORECASE)
_SIMPLIFY = re.compile(r"\bsimplif|\breduc|\bdivid", re.IGNORECASE)
_MULTIPLIED = re.compile(r"(?:[\d*)]|(?<![\\A-Za-z])[A-Za-z]+|\\pi)\Z")
"""The end of what a bracket behind it is multiplied with."""
_LONGEST_WORD = 12
_GOES_ON = re.compile(r"\^|[\w(*\\]")
_POWER = re.compile(r"\^\(?(\d{1,2})\)?(?![\d/])")
_NO_POLYNOMIAL = re.compile(r"\\(?!pi|sqrt)|\^\(?-|\\sqrt\(?[^()]*[A-Za-z]")
_LETTER = re.compile(r"(?<![\\A-Za-z])[A-Za-z]")
_DEEPEST = 10
"""Brackets inside brackets."""


def has_asked_form(answer: str, gold: str, question: str) -> bool:
    r"""Whether an answer is expanded, factored or divided out as far as the gold one, where the question asks for it.

    >>> has_asked_form("x(x+5)+6", "(x+2)(x+3)", "Factor $x^2+5x+6$.")
    False
    >>> has_asked_form("(x+3)*(x+2)", "(x+2)(x+3)", "Factor $x^2+5x+6$.")
    True
    """
    if _EXPAND.search(question) and not multiplied_sums(gold) and multiplied_sums(answer):
        return not multiplied_sums(canonical(question))  # a product in words has to be understood first
    if _FACTOR.search(question) and factors(answer) < factors(gold):
        return False
    if _SIMPLIFY.search(question) and not (_NO_POLYNOMIAL.search(gold + answer) or divisors(gold)) and divisors(answer):
        return False
    return _copied_roots(answer, question) <= _copied_roots(gold, question)


def multiplied_sums(formula: str) -> int:
    """The number of sums in brackets that are multiplied with something or raised to a power.

    >>> multiplied_sums("(x+2)(x+3)"), multiplied_sums("x^(n+1)+(x+2)/(3)")
    (2, 0)
    """
    found = 0
    for start, end in _brackets(formula):
        before = formula[max(0, start - _LONGEST_WORD) : start]
        joined = _MULTIPLIED.search(before) or _GOES_ON.match(formula, end)
        found += bool(joined) and not before.endswith("^") and len(terms(formula[start + 1 : end - 1])) > 1
    return found


def factors(formula: str, depth: int = 0) -> int:
    """The number of factors with a variable of a product, powers counted; a sum is one.

    >>> factors("3x^2(x-1)"), factors("x(x+5)+6"), factors("1(x^2+5x+6)")
    (3, 1, 1)
    """
    formula = formula.strip("$").lstrip("+-")
    if depth > _DEEPEST or len(terms(formula)) > 1:
        return min(1, len(_LETTER.findall(formula)))
    ends = dict(_brackets(formula))
    count = at = 0
    while at < len(formula):
        end = ends.get(at, at + 1)
        piece, below = formula[at:end], formula[at - 1 : at] in ("/", "^")
        power = _POWER.match(formula, end)
        if not below and (len(piece) > 1 or _LETTER.match(formula, at)):
            count += (factors(piece[1:-1], depth + 1) if len(piece) > 1 else 1) * int(power[1] if power else 1)
        at = power.end() if power else end
    return count


def divisors(formula: str) -> list[str]:
    """What a formula divides by, where a variable is in it."""
    return [one for one in _below(formula) if _LETTER.search(one)]


def _copied_roots(formula: str, question: str) -> int:
    r"""The number of divisors with a root that are formulas of the question, as in `1/(\sqrt5+2)`."""
    roots = (one for one in _below(formula) if "\\sqrt" in one)
    return sum(len(terms(one[1:-1])) > 1 and _is_formula(one, question) for one in roots)


def _below(formula: str) -> list[str]:
    """What stands behind each slash: a bracket, or a single character."""
    ends = dict(_brackets(formula))
    return [formula[slash.end() : ends.get(slash.end(), slash.end() + 1)] for slash in re.finditer("/", formula)]


def _is_formula(formula: str, question: str) -> bool:
    return bag(tokens(formula)) in formulas_of(question)[1]


def _brackets(formula: str) -> list[tuple[int, int]]:
    """Start and end of every pair of brackets."""
    opened, pairs = list[int](), list[tuple[int, int]]()
    for place, char in enumerate(formula):
        if char == "(":
            opened.append(place)
        elif char == ")" and opened:
            pairs.append((opened.pop(), place + 1))
    return pairs
