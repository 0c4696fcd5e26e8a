r"""Whether an answer is worked out, or only an expression that the gold answer would be computed from.

Computer algebra finds `(x+2)(x+3)` equal to x² + 5x + 6, so a policy that copies the expression to be expanded would be
paid for nothing. Two rules refuse such answers:

- **copied**: the answer stands in the question's own text (or rearranges one of its formulas), has an operation in
  it, and is not written as the gold answer is;
- **unevaluated**: it has more pending arithmetic than the gold answer: operations between two numbers (`5^2`,
  `2 \cdot 3`), functions of a number, the root of a square, like terms not added, a matrix times a number.

A plain number is worked out, except where the question asks for another notation of a number that it gives
("write 0.75 as a fraction"), and a fraction of the question that is not in lowest terms.
"""

import re
from collections import Counter
from math import gcd, isqrt

from whet.rewards.asked_form import has_asked_form
from whet.rewards.expressions import bag, canonical, formulas_of, terms, tokens

LONGEST = 2000
"""Characters of an answer; a longer one is equal to a gold answer only where it is the same text."""

_INTEGER = re.compile(r"[\s$+-]*\d[\d,]*\.?\s*\$?")
_OPERATION = re.compile(r"(?<=[\w)!°|])[-+/^±∪∩!]|(?<=\d)\*(?=\d)|\\(?!pi$|infty$)[A-Za-z]+$|[=<>≤≥]")
_NUMBER = re.compile(r"[-+]?(?:\d+\(\d+\)/\(\d+\)|\(?(?:\d+(?:\.\d+)?|\.\d+)\)?)(?P<under>/\(?\d+\)?)?(?P<percent>%)?")
"""A number, as `canonical` writes it; mixed numbers such as 2(1)/(3) too."""
_MIXED = re.compile(r"(?<![\w.])\d+\(\d+\)/\(\d+\)")
_MEASURED = re.compile(r"([-+]?(?:\d*\(\d+\)/\(\d+\)|\d+/\d+|\d+(?:\.\d+)?))\(?[A-Za-z]")
"""A number right before a unit, as `canonical` writes it."""
_SCIENTIFIC = re.compile(
    r"(?P<number>[-+]?(?:[1-9](?:\.\d+)?\*)?10\^?\(?[-+]?\d{1,3}\)?)"
    r"(?:/?\([A-Za-z][\w/^().-]*\)(?:\^\(?\d\)?)?|[a-z]{4,}|[km]g|[ckm]?m)?"
)
"""A number in scientific notation or a power of ten, with or without a unit, as `canonical` writes it."""
_LEFT_SIDE = re.compile(r"[A-Za-z](?:_?\(?\w{1,3}\)?)?|[A-Za-z]\([A-Za-z,]+\)|\\[a-z]+")
"""The left side of an equation that only names its right side: `x`, `f(x)`, `\\theta`."""
_OF_A_VARIABLE = re.compile(
    r"\$*(\\(?:log|ln|lg|sin|cos|tan|cot|sec|csc)(?:_\(?\d+\)?)?(?:\^\(?-?\d\)?)?(?:[a-z]|\([a-z]\))|\|[a-txy]\|)="
)
"""An equation about a variable, `\\log x = 2`, as `canonical` writes it; angles have capital and Greek letters."""
_NOTATIONS = (
    *("fraction", "decimal", "percent", "mixed number", "lowest terms", "simplest", "simplif"),
    *("reduce", "rationalise", "rationalize", "convert", "notation"),
)
"""Parts of words by which a question asks for an answer in a notation of its own."""

_N = r"(?:\d+(?:\.\d+)?)"
_FUNCTION = r"\\(?:sin|cos|tan|cot|sec|csc|arc\w+|(?:log|ln)(?:_\(?\d+\)?)?|exp|det|gcd|lcm|max|min|[dt]?binom)"
_PENDING = tuple(
    re.compile(pattern)
    for pattern in (
        rf"(?<![\w.)^\\])(?:{_N}|\({_N}\))\^\(?-?\d+(?![\d./])",  # 5^2, but not (x-5)^2 and 2^(1/2)
        rf"\\sqrt\(?{_N}\)?\)?\^\(?\d",  # (√15)^2
        rf"(?<![\w.^]){_N}\)?\*\(?-?{_N}(?![\d.^])(?!\^)|(?<![\w.^]){_N}\)?\({_N}\)",  # 2·3, 2(3)
        rf"(?:^|[(,=+-]){_N}[+-]{_N}(?![\w.(^/*!\\°%])",  # 3+4
        rf"{_N}\)?!|\)!",  # 5!
        rf"{_FUNCTION}(?:\^\(?-?\d+\)?)?\(?(?:[\d.*/^°()+-]|\\pi)*\d(?:[°)/]|\\pi)*(?![\w.\\(])",  # sin 60°
        r"(?:[\w)])\*?\(?\\begin|\\end\([a-z]+\)\)?[-+*(\\^]",  # a matrix in a sum, a product or a power
        r"\\begin",
    )
)
_ROOT = re.compile(r"\\sqrt(?:_(?P<degree>\d+))?\(?(?P<of>\d{1,15})(?![\d.^!])")
_SQUARE_ROOT = re.compile(r"\\sqrt\(?(\d{1,4})\)?(?![\d.^!])")
_LOGARITHM = re.compile(r"\\(?:log|ln)(?:_\(?(?P<base>\d+)\)?)?\(?(?P<of>\d{1,4})\)?(?![\w.\\(^!/*])")
_PRODUCT = re.compile(r"\d{1,9}(?:\^\(?\d{1,2}\)?)?(?:\*\d{1,9}(?:\^\(?\d{1,2}\)?)?)+")
_FACTOR = re.compile(r"(\d+)(?:\^\(?(\d+)\)?)?")
_RATIO = re.compile(r"(?<![\w.^)/])\(?(\d{1,15})\)?/\(?(\d{1,15})\)?(?![\w.^!])")
_COEFFICIENT = re.compile(rf"^(?:{_N}|\({_N}\))(?:/{_N}|/\({_N}\))?\*?|[*/](?:{_N}|\({_N}\))$")


def is_worked_out(given: str, gold: str, question: str = "") -> bool:
    r"""Whether an answer that equals the gold one was worked out; `question` is the problem's text, empty if unknown.

    >>> is_worked_out("(x+2)(x+3)", "x^2+5x+6", "Expand $(x+2)(x+3)$."), is_worked_out("(x+2)(x+3)", "x^2+5x+6")
    (False, True)
    >>> is_worked_out("\\sqrt{18}", "3\\sqrt{2}", "Simplify $\\sqrt{18}$."), is_worked_out("\\pi \\cdot 5^2", "25\\pi")
    (False, False)
    """
    if given == gold or len(given) > LONGEST:
        return True
    if _INTEGER.fullmatch(given) and not _asks_for_notation(question):
        return True
    answer, expected = canonical(given), _value(canonical(gold))
    if "=" not in gold and _is_unsolved(answer, question):
        return False
    is_copied = bool(question) and _is_copied("=".join(_sides(answer)), question)
    if _same(answer, expected):
        return not is_copied or len(_sides(answer)) == 1 or _is_relation(expected)
    if scientific := _SCIENTIFIC.fullmatch(answer.strip("$")):
        return not (is_copied or (question and _is_copied(scientific["number"], question)))
    if _NUMBER.fullmatch(answer.strip("$")):
        return not (question and _is_copied_number(answer, expected, question))
    if is_copied or (question and _is_copied_quantity(answer, expected, question)):
        return False
    if _is_relation(expected):
        return _pending(answer) <= _pending(expected)
    return any(_side_is_worked_out(side, expected, question) for side in _sides(answer))


def names_variable(text: str, question: str) -> bool:
    """Whether an answer is a single small letter that the question has as a formula: a variable, no option.

    >>> names_variable("c", "For a constant $c$ find the shape."), names_variable("c", "Which one? (A) 1 (B) 2")
    (True, False)
    """
    return len(text) == 1 and text.islower() and (text,) in formulas_of(question)[1]


def _value(expected: str) -> str:
    """A canonical gold answer without the name of its value: `5` of `x = 5`."""
    named = _sides(expected)
    return named[0] if len(named) == 1 and "=" in expected else expected


def _same(answer: str, expected: str) -> bool:
    """Whether two canonical formulas are written alike, rearranged terms and the name on the left aside."""
    answers, golds = ({bag(tokens(side)) for side in (text, *_sides(text)[-1:])} for text in (answer, expected))
    return not answers.isdisjoint(golds)


def _side_is_worked_out(side: str, expected: str, question: str) -> bool:
    if _same(side, expected):
        return True
    has_work = bool(_NUMBER.fullmatch(side)) <= bool(_NUMBER.fullmatch(expected))
    if not has_work or (question and (_is_copied(side, question) or not has_asked_form(side, expected, question))):
        return False
    final = _final_logarithms(side) if re.search(r"\\(?:log|ln)", expected) else 0
    return _pending(side) - final <= _pending(expected) or _factors(side) == _factors(expected) != []


def _is_relation(expected: str) -> bool:
    return len(_sides(expected)) > 1 or bool(re.search("[<>≤≥]", expected))


def _sides(formula: str) -> list[str]:
    """The sides of an equation, without one that only names the other: `x = 3` has the side `3`."""
    sides = [side.strip("$") for side in re.split(r"=|\\in(?![a-z])", formula)]
    return [side for side in sides if side and not _LEFT_SIDE.fullmatch(side)] or sides


def _is_unsolved(answer: str, question: str) -> bool:
    """Whether the answer is an equation about a function of a variable, which the question does not ask for itself."""
    found = _OF_A_VARIABLE.match(answer)
    if not found:
        return False
    asked = formulas_of(question)[1]
    spellings = found[1], re.sub(r"\((\w)\)$", r"\1", found[1]), re.sub(r"(\w)$", r"(\1)", found[1])
    return not any(bag(tokens(one)) in asked for one in spellings)


def _is_copied(answer: str, question: str) -> bool:
    """Whether an answer with an operation in it stands in the question, or rearranges one of its formulas."""
    bare = answer.replace("$", "")
    if not _OPERATION.search(bare) and "\\" not in bare.replace("\\pi", "").replace("\\infty", ""):
        return False
    parts = tokens(bare)
    text, bags = formulas_of(question)
    return len(parts) > 1 and (f" {' '.join(parts)} " in text or bag(parts) in bags)


def _is_copied_number(answer: str, expected: str, question: str) -> bool:
    """Whether the answer is a number of the question in a notation that the question asks to change."""
    number, gold = _NUMBER.fullmatch(answer), _NUMBER.fullmatch(expected)
    if number is None or answer.rstrip("%") == expected.rstrip("%") or not _stands_in(answer, question):
        return False
    ratio = _RATIO.fullmatch(answer.lstrip("+-"))
    if ratio and gcd(int(ratio[1]), int(ratio[2])) > 1:
        return True
    notations = [found and (bool(found["under"]), bool(found["percent"]), "." in found[0]) for found in (number, gold)]
    return notations[0] != notations[1] and _asks_for_notation(question)


def _is_copied_quantity(answer: str, expected: str, question: str) -> bool:
    """Whether the answer is a number of the question with its unit, where the gold answer has it in another unit."""
    number, gold = _MEASURED.match(answer), _MEASURED.match(expected)
    if number is None or gold is None or number[1] == gold[1]:
        return False
    return _stands_in(answer, question)


def _stands_in(formula: str, question: str) -> bool:
    return f" {' '.join(tokens(formula))} " in formulas_of(question)[0]


def _asks_for_notation(question: str) -> bool:
    small = question.lower()
    return any(one in small for one in _NOTATIONS)


def _pending(formula: str) -> int:
    """The number of operations in a canonical formula that arithmetic alone could carry out."""
    formula = _MIXED.sub("1", formula.replace("$", ""))
    found = sum(len(pattern.findall(formula)) for pattern in _PENDING)
    roots = sum(_is_power(int(root["of"]), int(root["degree"] or 2)) for root in _ROOT.finditer(formula))
    ratios = sum(int(under) > 0 and int(over) % int(under) == 0 for over, under in _RATIO.findall(formula))
    return found + roots + ratios + sum(map(_like_terms, formula.split(",")))


def _is_power(number: int, degree: int) -> bool:
    """Whether a number of at most 15 digits has a whole root of a degree."""
    near = isqrt(number) if degree == 2 else round(number ** (1 / max(1, degree)))
    return degree > 0 and any(root**degree == number for root in (near - 1, near, near + 1))


def _final_logarithms(formula: str) -> int:
    """The number of logarithms of primes in a formula: nothing is left to be done there, but in the base's own."""
    found = _LOGARITHM.finditer(formula)
    return sum(_is_prime(int(one["of"])) and one["base"] != one["of"] for one in found)


def _is_prime(number: int) -> bool:
    return number > 1 and all(number % small for small in range(2, isqrt(number) + 1))


def _factors(formula: str) -> list[int]:
    """The factors of a product of whole numbers and their powers, each as often as it is one; empty for others."""
    if not _PRODUCT.fullmatch(formula):
        return []
    found = _FACTOR.findall(formula)
    return sorted(int(base) for base, power in found for _ in range(int(power or 1)))


def _like_terms(formula: str) -> int:
    """The number of terms of a sum that could be added to an earlier one, such as `3x + 4 - x + 3`: 2."""
    kinds = Counter(map(_kind, terms(formula)))
    return sum(kinds.values()) - len(kinds)


def _kind(term: str) -> str:
    """What two terms must share to be added: `x` of `3x`, the root of 2 of `\\sqrt(8)`; empty for a number."""
    if _NUMBER.fullmatch(term):
        return ""
    bare = _COEFFICIENT.sub("", term)
    return _SQUARE_ROOT.sub(lambda root: f"\\sqrt({_without_squares(int(root[1]))})", bare)


def _without_squares(number: int) -> int:
    """A number of at most 4 digits without its square factors: 2 of 18."""
    return next(
        (number // (root * root) for root in range(isqrt(number), 1, -1) if number % (root * root) == 0), number
    )
