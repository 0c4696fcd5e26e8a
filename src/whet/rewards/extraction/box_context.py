r"""What stands around a box: `-\boxed{256}`, `\frac{\boxed{5}}{2}` and `not \boxed{5}` say something else."""

import re
from typing import NamedTuple

from whet.rewards.extraction.doubt import is_doubted
from whet.rewards.extraction.languages import any_of
from whet.rewards.extraction.operands import words_before
from whet.rewards.extraction.readings import is_blank

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


_FAR_DOUBT = 120
"""Characters before a box that are searched for the beginning of its sentence."""
_MAKES_ANOTHER = re.compile(
    r"\b(?:twice|thrice|double|triple|half(?: of)?|(?:square|cube|fourth) root of|reciprocal of|inverse of"
    r"|(?<!\bno )(?:more|less|fewer|greater|smaller|larger|bigger|lower|higher) than)"
    r"(?: (?:about|around|roughly|only))?$"
)
"""Words before a box that bound it or make another value of it; `at most \\boxed{5}` is how a maximum is given."""
_STRICT = re.compile(r"(?:(?<![=-])>|<|\\[gl]t(?![A-Za-z])|≠)\s*\Z")
_BEHIND = re.compile(
    r"(?P<close>[\s$)*]{0,4}(?:\\[\])])?)(?:\s|\\text\w*\s*\{\s*)"
    r"(?P<words>(?:thousand|million|billion|trillion|hundred|dozens?"
    r"|(?:squared|cubed)(?! (?:centi|milli|kilo)?(?:met|inch|f[eo][eo]t|yard|mile|unit))"
    r"|(?:plus|minus|times|divided by) \d+"
    r"|or (?:more|less|fewer|greater|higher|lower|above|below)|to \$?\d+(?!\d|\s*[A-Za-z]))\b)",
    re.IGNORECASE,
)
"""Words behind a box that make another value of it."""
_STRICT_AFTER = re.compile(r"\s*(?:<|\\lt(?![A-Za-z])|\\leq?(?![A-Za-z])|≤)")
"""The other half of an interval in which a value lies."""
_BASE = re.compile(r"\s*(_(?:\{[^{}]*\}|\d+))")
_TUPLE_BEFORE = re.compile(r"(?:\\?[({\[])(?:[^(){}\[\]$]*,)?\s*\Z")
_TUPLE_AFTER = re.compile(r"\s*(?:,[^(){}\[\]$]*)?(?:\\right)?\s*\\?[)}\]]")
_BAR_BEFORE = re.compile(r"(?:\\left)?\|\s*\Z")
_BAR_AFTER = re.compile(r"\s*(?:\\right)?\|")


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
    if is_blank(inside):
        return Boxed(inside)
    before = text[max(0, start - _NEAR) : start]
    if denial := _NOT.search(text[max(0, start - _FAR_NOT) : start]):
        return Boxed(inside, refused=f'a negation: "{denial[0].strip()} {inside}"')
    if is_doubted(text[max(0, start - _FAR_DOUBT) : start]):
        return Boxed(inside, refused=f'a doubt: "{inside}"')
    if _MAKES_ANOTHER.search(words_before(text, start)):
        return Boxed(inside, refused=f'no value of its own: "{inside}"')
    formula = in_maths(text, start)
    if formula and _STRICT.search(before) and not _STRICT_AFTER.match(text, end):
        return Boxed(inside, refused=f'a bound: "{inside}"')
    if formula and (whole := _collection(text, start, end, inside) or _expression(text, start, end, inside)):
        return Boxed(whole, ("part of a formula",))
    if base := _BASE.match(text, end):
        return Boxed(inside + base[1], ("a base behind the box",))
    if words := _BEHIND.match(text, end):
        return Boxed(f"{inside} {words['words']}", ("a word behind the box",))
    return _with_factors(text, end, inside, before, formula)


def _collection(text: str, start: int, end: int, inside: str) -> str:
    """The tuple, the set or the absolute value that the box is a part of; empty where it is none."""
    before, behind = text[max(0, start - _NEAR) : start], text[end : end + _NEAR]
    if _BAR_BEFORE.search(before) and _BAR_AFTER.match(behind):
        return f"|{inside}|"
    left, right = _TUPLE_BEFORE.search(before), _TUPLE_AFTER.match(behind)
    if not left or not right or "," not in left[0] + right[0]:
        return ""
    return f"{left[0]}{inside}{right[0]}"


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
