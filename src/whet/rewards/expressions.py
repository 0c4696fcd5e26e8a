r"""Writes formulas in one notation, so that an answer can be found again in the question's own text.

`canonical` keeps the structure (brackets, operators), `tokens` keeps what is compared: numbers, letters, commands and
operators, without brackets and multiplication signs. Nothing is evaluated; each step takes time linear in the text.
"""

import re
from functools import lru_cache

from whet.text import INVISIBLE

_SUPERSCRIPTS = str.maketrans("⁰¹²³⁴⁵⁶⁷⁸⁹⁻ⁿ", "0123456789-n")
_SUPERSCRIPT = re.compile("[⁰¹²³⁴⁵⁶⁷⁸⁹⁻ⁿ]+")
_REWRITES = (
    (re.compile(f"[{INVISIBLE}]"), ""),
    (
        re.compile(r"\\(?:left|right|big+[lr]?|displaystyle|textstyle|limits|quad|qquad|[,;:! ])(?![a-z])|[~&]", re.I),
        " ",
    ),
    (re.compile(r"\\(?:text\w*|mbox|mathrm|mathbf|mathit|operatorname|boxed)\s*(?=\{)"), ""),
    (re.compile(r"\\[dtc]frac"), r"\\frac"),
    (re.compile(r"\\frac\s*(\d)\s*(\d)"), r"\\frac{\1}{\2}"),
    (re.compile(r"\\frac\s*(\w)\s*(?=\{)"), r"\\frac{\1}"),
    (re.compile(r"(\\sqrt\s*\[[^\[\]]{1,5}\])\s*(\w)"), r"\1{\2}"),
    (re.compile(r"\\sqrt\s*\[\s*(\d{1,3}|[a-z])\s*\]"), r"\\sqrt_\1"),
    (re.compile(r"_\s*(\w)(?=\s)"), r"_{\1}"),
    (re.compile(r"(?<!\d)(\d{1,15})\s*\^\s*[{(]\s*(?:1/2|\\frac\{1\}\{2\}|0?\.5)\s*[})]"), r"\\sqrt{\1}"),
    (re.compile(r"(?<!\\)\bsqrt\b|√"), r"\\sqrt"),
    (re.compile(r"(?<![\\A-Za-z])pi\b|π"), r"\\pi "),
    (re.compile(r"\\(?:cdot|times|ast)(?![a-z])|\*(?!\*)(?<!\*\*)|[×·∙⋅]"), "*"),
    (re.compile(r"\*\*"), "^"),
    (re.compile(r"\\div(?![a-z])|[÷⁄]"), "/"),
    (re.compile(r"\\pm(?![a-z])|±"), "±"),
    (re.compile(r"\\(?:leq?|leqslant)(?![a-z])|≤"), "≤"),
    (re.compile(r"\\(?:geq?|geqslant)(?![a-z])|≥"), "≥"),
    (re.compile(r"\\lt(?![a-z])"), "<"),
    (re.compile(r"\\gt(?![a-z])"), ">"),
    (re.compile(r"\\cup(?![a-z])|∪"), "∪"),
    (re.compile(r"\\cap(?![a-z])|∩"), "∩"),
    (re.compile(r"\\approx(?![a-z])|[≈≃]"), "="),
    (re.compile(r"\^\s*\{?\s*\\circ\s*\}?|\\degree"), "°"),
    (re.compile(r"[−–‒]"), "-"),
    (re.compile(r"\\exp(?![a-z])"), "e^"),
    (re.compile(r"\\\$(?=\s*[\d.])"), ""),
    (re.compile(r"\\[()\[\]]|\$+"), " $ "),
    (re.compile(r"\\([{}%])"), r"\1"),
    (re.compile(r"(?<=\d),(?=\d{3}(?!\d))"), ""),
    (re.compile(r"(?<!\d)\.(?=\d)"), "0."),
    (re.compile(r"(?<=\d)\.0+(?!\d)"), ""),
    (re.compile(r"(\.\d*?[1-9])0+(?!\d)"), r"\1"),
    (re.compile(r"\}\s*\{"), ")/("),
    (re.compile(r"\\frac(?![a-z])"), " "),
    (re.compile(r"[\[{]"), "("),
    (re.compile(r"[\]}]"), ")"),
)
"""Notation, and what stands for it; `\\frac{a}{b}` becomes `(a)/(b)`."""
_NEUTRAL = re.compile(r"(?<![\d.])(?:0\+|1\*)(?=[\w(\\])|[+-]0(?![\d.])|(?:[*/]|\^)(?:\(1\)|1(?![\d.\w]))|^-\(?-|\(\)")
"""What changes no expression: 0 added, 1 as factor, divisor or power, two minus signs at the start, empty brackets."""
_TOKEN = re.compile(r"\d+(?:\.\d+)?|\.\d+|\\[A-Za-z]+|[A-Za-z]|[^\s\w()*,.;:]")
_SPACE = re.compile(r"\s+")


@lru_cache(maxsize=8192)
def canonical(text: str) -> str:
    r"""A formula in one notation, without white space; `$` stands where a formula begins or ends.

    >>> canonical(r"\dfrac{1}{2} \cdot \left(x - 3\right)"), canonical("x² × √3")
    ('(1)/(2)*(x-3)', 'x^(2)*\\sqrt3')
    """
    text = _SUPERSCRIPT.sub(lambda found: "^{" + found[0].translate(_SUPERSCRIPTS) + "}", text)
    for pattern, plain in _REWRITES:
        text = pattern.sub(plain, text)
    return _NEUTRAL.sub("", _SPACE.sub("", text)).rstrip(".,;:")


def tokens(formula: str) -> tuple[str, ...]:
    r"""Numbers, letters, commands and operators of a canonical formula; no brackets, no multiplication signs.

    >>> tokens(canonical(r"2 \cdot (x - 3)")), tokens(canonical(r"\frac{\sqrt{12}}{x}"))
    (('2', 'x', '-', '3'), ('\\sqrt', '12', '/', 'x'))
    """
    return tuple(_TOKEN.findall(formula))


def terms(formula: str) -> list[str]:
    """The terms of a sum, without the signs between them; a formula that is no sum is one term.

    >>> terms("3x+4(y-1)-z"), terms("-x")
    (['3x', '4(y-1)', 'z'], ['x'])
    """
    depth, found = 0, [""]
    for char in formula:
        depth += (char == "(") - (char == ")")
        if depth == 0 and char in "+-±":
            found.append("")
        else:
            found[-1] += char
    return [term for term in found if term]


def bag(parts: tuple[str, ...]) -> tuple[str, ...]:
    """The tokens in any order, without plus signs: equal for sums and products whose terms were rearranged."""
    return tuple(sorted(part for part in parts if part != "+"))


@lru_cache(maxsize=512)
def formulas_of(question: str) -> tuple[str, frozenset[tuple[str, ...]]]:
    """The tokens of a question joined by spaces, and the bags of its formulas and of their sides."""
    text = canonical(question)
    pieces = [text, *text.split("$")]
    sides = [side for piece in pieces[1:] for side in (piece, *re.split(r"[=<>≤≥]", piece))]
    return f" {' '.join(tokens(text))} ", frozenset(bag(tokens(side)) for side in sides)
