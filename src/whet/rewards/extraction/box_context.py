r"""What stands around a box: `-\boxed{256}`, `\frac{\boxed{5}}{2}` and `not \boxed{5}` say something else."""

import re
from typing import NamedTuple

from whet.rewards.extraction.languages import any_of

_SIGN = re.compile(
    r"(?:^|[=$(:\[]|\\[(\[]|\bis)\s*([-−])\s*\$?\s*$|\b(minus|negative)\s+\$?\s*$|(?<![\w)\]}])([-−])\$?$"
)
_BULLET = re.compile(r"(?:^|\n)[ \t]*[-−][ \t]+\$?$")
"""A dash that lists: at the start of a line, with a space behind it."""
_SPACING = re.compile(r"\\[,;:! ](?=\s*\Z)|\\q?quad(?=\s*\Z)|\{\}(?=\s*\Z)")
_LINKS = (
    "think|believe|suppose|expect|say|mean|true|that|it|this|the|my|our|final|correct|right|answer|result|value|is|be"
    "|equals?|to|likely|really|actually|exactly|necessarily"
)
_NOT = re.compile(
    r"(?:(?:\b(?:not|never|cannot|neither|nor)\b|n['’]t\b|\b(?:anything|everything) but\b)"
    rf"[*_]{{0,3}}(?:[ \t]+(?:{_LINKS})\b)*"
    rf"|(?:{any_of('negation')})[*_]{{0,3}}|\\ne(?:q\b)?|≠)[ \t]*(?:\$+|\\[(\[])?[ \t]*\Z",
    re.IGNORECASE,
)
"""A negation, with words behind it that say nothing but what is denied: `not`, `NOT`, `do not think that it is`."""
_FACTOR_BEFORE = re.compile(r"(?:\d|\\pi|\\sqrt\s*\{[^{}]*\})[ \t]*(?:\\cdot|\\times)?[ \t]*\Z")
_FACTOR_AFTER = re.compile(
    r"\s*(\\?%)|((?:\s*(?:\\cdot|\\times)\s*[\w\\{}]+|\s*\\(?:pi|sqrt\s*\{[^{}]*\})|\^\s*(?:\{[^{}]*\}|\w)|[A-Za-z](?![A-Za-z]))+)"
)
_OTHER = re.compile(
    r"(?:\\?[\s$)\]]){0,4},?\s*\(?((?:or|maybe|perhaps|possibly|alternatively)\b[a-z\s]{0,12}\$?-?\d[\d,]*)"
    r"(?=[\s$)]*(?:[.,;!?](?!\d)|$))",
    re.MULTILINE,
)
"""Another whole number beside a box: `\\boxed{18}, or maybe 20`."""
_OPERATOR_BEFORE = re.compile(
    r"(?:[\w)\]}]\s*[-−]|[+*/]|\\(?:cdot|times|div|pm|mp|log|ln|sin|cos|tan)(?:_\w)?|\\(?:[dtc]?frac|sqrt|binom)\s*(?:\{[^{}]*\}\s*)?\{"
    r"|\^\s*\{?)\s*\Z"
)
"""What makes the box an operand of what stands before it."""
_OPERATOR_AFTER = re.compile(
    r"\s*(?:[+/!](?!\s*$)|!|[-−]\s*[\w\\(]|\\(?:cdot|times|div|pm|mp|[dtc]?frac)(?![A-Za-z])|\}\s*\{|\}\s*\Z)"
)
_OPENS = re.compile(r"\$\$?|\\[(\[]|\\begin\s*\{[a-z]+\*?\}|&|\\\\|\n\n")
_CLOSES = re.compile(r"\$|\\[)\]]|\\end\s*\{|&|\\\\|\n\n")
_RELATION = re.compile(
    r"=|≈|→|⇒|:|\\(?:approx|equiv|q?quad|(?:Right|right|Longright)arrow|implies|to|therefore|text\s*\{[^{}]*\}|leq?|geq?)(?![A-Za-z])|[<>]|,\s"
)
_EQUALS = re.compile(r"=|\\approx(?![A-Za-z])")
_NEAR = 24
"""Characters before a box that are searched for a sign or a factor."""
_FAR_NOT = 80
"""Characters before a box that are searched for a negation."""
_FAR = 300
"""Characters on either side of a box that are searched for the ends of its formula."""


class Boxed(NamedTuple):
    """What a box says together with what stands around it."""

    text: str
    notes: tuple[str, ...] = ()
    refused: str = ""


def in_context(text: str, start: int, end: int, inside: str) -> Boxed:
    r"""What the box from `start` to `end` says, with a sign, a factor or the expression that it is a part of.

    >>> text = r"So $x = 3 + \boxed{5}$"
    >>> in_context(text, 12, 21, "5").text, in_context(r"-\boxed{5}", 1, 10, "5").text
    ('3 + (5)', '-5')
    """
    before = text[max(0, start - _NEAR) : start]
    if denial := _NOT.search(text[max(0, start - _FAR_NOT) : start]):
        return Boxed(inside, refused=f'a negation: "{denial[0].strip()} {inside}"')
    formula = in_maths(text, start)
    if formula and (whole := _expression(text, start, end, inside)):
        return Boxed(whole, ("part of a formula",))
    return _with_factors(text, end, inside, before, formula)


def _with_factors(text: str, end: int, inside: str, before: str, formula: bool) -> Boxed:
    before = _SPACING.sub(" ", before)
    after = _FACTOR_AFTER.match(text, end)
    listed = _BULLET.search(before) and (not formula or before.endswith("$"))
    sign = None if listed else _SIGN.search(before)
    left = None if sign or not formula else _FACTOR_BEFORE.search(before)
    tail = (after[1] or after[2] or "") if after and (after[1] or formula) else ""
    other = _OTHER.match(text, end)
    inside = f"{inside} {other[1]}" if other else inside
    whole = f"({inside})" if left or (tail and not inside.isalnum()) else inside
    found = (("a sign before the box", sign), ("a factor before the box", left), ("a factor behind the box", tail))
    return Boxed(
        ("-" if sign else "") + (left[0] if left else "") + whole + tail, tuple(note for note, told in found if told)
    )


def in_maths(text: str, start: int) -> bool:
    """Whether a place is inside a formula. One of `$…$` ends on its line, so a lone `$` is a price."""
    before = text[max(0, start - _FAR) : start]
    line, rest = before.rpartition("\n")[2], text[start : start + _FAR].partition("\n")[0]
    return (
        (line.count("$") % 2 == 1 and "$" in rest)
        or (before.count("$$") % 2 == 1 and "$$" in text[start : start + _FAR])
        or before.rfind("\\[") > before.rfind("\\]")
        or before.rfind("\\(") > before.rfind("\\)")
    )


def _expression(text: str, start: int, end: int, inside: str) -> str:
    """The side of a relation in which the box is an operand; empty where it is none, or the blank in an equation."""
    left, right = _OPENS.split(text[max(0, start - _FAR) : start])[-1], _CLOSES.split(text[end : end + _FAR])[0]
    near = _RELATION.split(left)[-1]
    behind = _RELATION.split(right)[0]
    if not _OPERATOR_BEFORE.search(near) and not _OPERATOR_AFTER.match(behind):
        return ""
    if _EQUALS.search(right):  # `3 + \boxed{5} = 8` asks for what is in the box
        return ""
    if near.count("{") != near.count("}") and not _OPERATOR_BEFORE.search(near):
        return ""  # a font around the box
    opened = near.rstrip().endswith("{")
    return f"{near}{inside if opened else f'({inside})'}{behind}".strip(" .")
