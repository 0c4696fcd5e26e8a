r"""Reads relations: a value with its label, `x = 5`; a chain, `1/3 \approx 0.33`; an inequality, `2 < x \le 5`."""

import re
from dataclasses import dataclass

_SIDES = re.compile(
    r"\s*(?:=(?![^{}\\]{0,40}\})|\\approx(?![A-Za-z])|\\text\s*\{\s*(?:or\s+)?(?:about|approximately)\s*\}|\bor\s+(?:about|approximately)\b)\s*"
)
_INEQUALITY = re.compile(r"\s*(<|>|\\[lg]e(?![A-Za-z]))\s*")
_ANY = re.compile(r"[=<>]|\\(?:le|ge|ne|approx|in|equiv|sim|to|subset|mid)(?![A-Za-z])")
_SYMBOL = (
    r"(?:\\?[A-Za-z]+|\\[a-z]+\s*\{[A-Za-z]+\})"
    r"(?:_(?:\w|\{\w+\}))?(?:\^\s*\{\s*-1\s*\})?'*"
)
_LABEL = re.compile(
    rf"\\?[A-Za-z](?:_(?:\w|\{{\w+\}}))?'*|P\s*\([^()]{{1,40}}\)|\\[a-z]+|[A-Z]{{2,4}}|m?\\angle\s*[A-Z]{{1,3}}|\\overline\s*\{{[A-Z]+\}}"
    r"|\\(?:vec|hat|bar|tilde|overline|overrightarrow|widehat)(?:\s*\{\s*\\?[A-Za-z]+\s*\}|\s+[A-Za-z])"
    r"|(?:[A-Z]|\\text\s*\{[A-Za-z]+\})\s*\[\s*[A-Za-z][\w\s+^-]{0,20}\]|[A-Za-z]{1,3}(?:\s*:\s*[A-Za-z]{1,3}){1,3}"
    rf"|{_SYMBOL}\s*\(\s*[\w\\,\s+.-]{{1,20}}\)|[A-Za-z]{{3,}}(?:[\s'-]+[A-Za-z]+)*|\\text\s*\{{[^{{}}]+\}}"
)
_DERIVATIVE = re.compile(r"\\frac\s*\{d(?:\^\{?\d\}?)?\s*[A-Za-z]\}\s*\{d[A-Za-z](?:\^\{?\d\}?)?\}(?:\s*\(\w+\))?")
_NAME = r"\\?[A-Za-z]{1,4}(?:_\{?\w\}?)?"
_MEASURE = re.compile(
    rf"\\frac\s*\{{\s*{_NAME}\s*\}}\s*\{{\s*{_NAME}\s*\}}|{_NAME}\s*/\s*{_NAME}"
    rf"|(?:\\?\||\\lvert|\\lVert)\s*(?:{_NAME}|\\(?:vec|text|overline)\s*\{{\w+\}})\s*(?:\\?\||\\rvert|\\rVert)|\#\s*{_NAME}"
)
"""What is measured of names: a quotient, a length, a size."""
_LOOSE_LABEL = re.compile(r"[A-Za-z\\][\w\\ (){}',]*", re.ASCII)
_SUM = re.compile(r"[+-]?(?:[A-Za-z](?:_\w)?)+(?:[+-](?:[A-Za-z](?:_\w)?)+)+", re.ASCII)
_NAMES = re.compile(r"\(\s*\\?[A-Za-z]+(?:_\w)?(?:\s*,\s*\\?[A-Za-z]+(?:_\w)?)+\s*\)")
"""A tuple of names, such as `(r, θ)`."""
_LONGEST_LABEL = 100
_FUNCTION = re.compile(r"\\?(?:sin|cos|tan|cot|sec|csc|log|ln|exp|sqrt|pi|frac|infty|times|cdot|div|pm)\b")
_VARIABLE = r"[A-Za-z](?:_\w)?|\\[a-z]+"
_ELEMENT = re.compile(rf"(?P<name>{_VARIABLE})\s*\\in(?![A-Za-z])\s*(?P<set>.*)")
_NOT = re.compile(rf"(?P<name>{_VARIABLE})\s*\\ne(?![A-Za-z])\s*(?P<value>.*)")
_REALS = r"(?:\(-\\infty,\s*\\infty\)|R\b)"
_BUILDER = re.compile(
    rf"\\\{{\s*(?:{_VARIABLE})(?:\s*\\in(?![A-Za-z])\s*{_REALS})?\s*(?:\\mid(?![A-Za-z])|\||:)\s*(?P<condition>.+?)\s*\\\}}"
)
"""A set by its condition: those x with 0 < x < 1."""
_WITHOUT = re.compile(r"\(-\\infty,\s*\\infty\)\s*(?:\\(?:setminus|backslash)|-)\s*\\\{\s*(?P<value>[^{},]+)\s*\\\}")
"""All real numbers but one."""
_CONGRUENCE = re.compile(
    r"(?P<left>.+?)\\equiv(?![A-Za-z])\s*(?P<residue>-?\d{1,30})\s*,?\s*(?:\(\s*)?"
    r"(?:\\[pb]?mod(?![A-Za-z])|\\text\s*\{\s*mod\s*\}|mod\b)\s*\{?\s*(?P<modulus>\d{1,30})\s*\}?\s*\)?"
)
_OR = re.compile(r"\s*(?:,\s*)?(?:\\text\s*\{\s*or\s*\}|\bor\b|\\(?:lor|vee)\b)\s*")


def has_relation(text: str) -> bool:
    """Whether a text in plain notation states a relation."""
    return bool(_ANY.search(text))


def sides(text: str) -> list[str]:
    """What stands between the equals and approximately signs of a text: one part where there are none."""
    return [side.strip() for side in _SIDES.split(text)]


def is_label(side: str) -> bool:
    r"""Whether one side of an equation names what the other is the value of: `x`, `f(2)`, `\angle ABC`, `AB`, `Area`.

    >>> [is_label(side) for side in ("x", "f(2)", "\\angle ABC", "x+y", "xy", "\\cos x", "2x")]
    [True, True, True, False, False, False, False]
    """
    if len(side) > _LONGEST_LABEL:
        return False
    return bool(_DERIVATIVE.fullmatch(side) or (_LABEL.fullmatch(side) and not _FUNCTION.match(side)))


def unlabelled(text: str) -> str:
    r"""What one equals sign sets equal to a name or to a tuple of names; any other text as it is.

    >>> unlabelled("(x, y) = (1, 2)"), unlabelled("x = 1, y = 2")
    ('(1, 2)', 'x = 1, y = 2')
    """
    parts = sides(text)
    return parts[1] if len(parts) == 2 and (is_label(parts[0]) or _NAMES.fullmatch(parts[0])) else text


def may_be_label(side: str) -> bool:
    """Whether one side names anything, such as a product or a sum of variables, but states no value of its own."""
    if len(side) > _LONGEST_LABEL:
        return False
    if _MEASURE.fullmatch(side) or _DERIVATIVE.fullmatch(side):
        return True
    if re.match(r"\\(?:frac|sqrt|pi|infty)\b", side):
        return False
    if re.match(r"\\(?:lim|i*int|sum|prod)(?![A-Za-z])", side):
        return True
    return is_label(side) or bool(_LOOSE_LABEL.fullmatch(side) or _SUM.fullmatch(side.replace(" ", "")))


@dataclass(frozen=True, slots=True)
class Region:
    """A set of numbers in interval notation, and the variable that lies in it; empty where none is named."""

    text: str
    variable: str = ""


def read_region(text: str) -> Region | None:
    r"""An inequality, or several joined by `or`, or a membership, as intervals; None for anything else.

    >>> read_region("x < -1 or x > 3").text, read_region("2 \\le x < 5").text, read_region("x+y < 5")
    ('(-\\infty,-1)\\cup (3,\\infty)', '[2,5)', None)
    """
    if builder := _BUILDER.fullmatch(text):
        text = builder["condition"]
    parts = [_one_region(part) for part in _OR.split(text)]
    found = [part for part in parts if part is not None]
    if len(found) != len(parts) or len({part.variable for part in found}) != 1:
        return None
    return Region("\\cup ".join(part.text for part in found), found[0].variable)


def _one_region(text: str) -> Region | None:
    if member := _ELEMENT.fullmatch(text):
        return Region(member["set"].strip(), member["name"])
    if missing := _NOT.fullmatch(text) or _WITHOUT.fullmatch(text):
        value = missing["value"].strip()
        return (
            None
            if "," in value
            else Region(f"(-\\infty,{value})\\cup ({value},\\infty)", missing.groupdict().get("name") or "")
        )
    parts = _INEQUALITY.split(text)
    if len(parts) == 3:
        return _half_line(*parts)
    return _between(*parts) if len(parts) == 5 else None


def _half_line(left: str, sign: str, right: str) -> Region | None:
    if _is_variable(right) and not _is_variable(left):
        left, sign, right = right, _FLIPPED[sign], left
    if not _is_variable(left) or not right or has_relation(right):
        return None
    if sign in ("<", "\\le"):
        return Region(f"(-\\infty,{right}{')' if sign == '<' else ']'}", left)
    return Region(f"{'(' if sign == '>' else '['}{right},\\infty)", left)


def _between(low: str, first: str, name: str, second: str, high: str) -> Region | None:
    if not _is_variable(name) or not low or not high:
        return None
    if first in (">", "\\ge") and second in (">", "\\ge"):
        low, first, second, high = high, _FLIPPED[second], _FLIPPED[first], low
    if not {first, second} <= {"<", "\\le"}:
        return None
    return Region(f"{'(' if first == '<' else '['}{low},{high}{')' if second == '<' else ']'}", name)


_FLIPPED = {"<": ">", ">": "<", "\\le": "\\ge", "\\ge": "\\le"}


def _is_variable(text: str) -> bool:
    return bool(re.fullmatch(_VARIABLE, text)) and not _FUNCTION.match(text)


def congruence(text: str) -> tuple[str, int, int] | None:
    r"""The left side of a congruence, its residue and its modulus; None for anything else.

    >>> congruence(r"x \equiv 10 \pmod{7}"), congruence("x = 3")
    (('x', 3, 7), None)
    """
    found = _CONGRUENCE.fullmatch(text)
    if not found or not int(found["modulus"]):
        return None
    return found["left"].strip(), int(found["residue"]) % int(found["modulus"]), int(found["modulus"])


def inequality(text: str) -> tuple[str, str, str] | None:
    """The smaller side, the sign (`<` or LaTeX's at most) and the larger side of an inequality; None for others."""
    parts = _INEQUALITY.split(text)
    if len(parts) != 3 or not all(parts):
        return None
    left, sign, right = parts
    return (left, sign, right) if sign in ("<", "\\le") else (right, _FLIPPED[sign], left)
