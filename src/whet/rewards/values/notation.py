r"""Rewrites the many ways to write an answer, in LaTeX, Unicode or Markdown, to one.

What is left afterwards is text that means the same: `\dfrac12` and `½` are `\frac{1}{2}`, `−` is `-`, `\mbox{cm}` is
`\text{cm}`. Spacing commands, delimiters and fonts are gone. Nothing that carries meaning is dropped, so texts that
are equal afterwards are equal answers.
"""

import re
import unicodedata
from functools import lru_cache

from whet.text import INVISIBLE

_INVISIBLE = re.compile(f"[{INVISIBLE}]")
_SUPERSCRIPTS = str.maketrans("⁰¹²³⁴⁵⁶⁷⁸⁹⁺⁻ⁿ", "0123456789+-n")
_SUBSCRIPTS = str.maketrans("₀₁₂₃₄₅₆₇₈₉", "0123456789")
_RAISED = re.compile("[⁰¹²³⁴⁵⁶⁷⁸⁹⁺⁻ⁿ]+")
_LOWERED = re.compile("[₀₁₂₃₄₅₆₇₈₉]+")
_VULGAR = re.compile("[¼½¾⅐-⅞↉]")
_ROOT = re.compile(r"√\s*(?:\(([^()]*)\)|(\d+(?:\.\d+)?|[A-Za-zπ]|\{[^{}]*\}))")
_GREEK = r"\alpha \beta \gamma \delta \epsilon \theta \lambda \mu \rho \sigma \tau \phi \psi \omega \Delta \Omega"
_SYMBOLS = str.maketrans(
    {
        **dict.fromkeys("−–‒‐‑－﹣", "-"),
        "×": "\\times ",
        "÷": "\\div ",
        "·": "\\cdot ",
        "⋅": "\\cdot ",
        "±": "\\pm ",
        "∓": "\\mp ",
        **{letter: f"{name} " for letter, name in zip("αβγδεθλμρστφψωΔΩ", _GREEK.split(), strict=True)},
        "≤": "\\le ",
        "≥": "\\ge ",
        "≠": "\\ne ",
        "≈": "\\approx ",
        "≃": "\\approx ",
        "≡": "\\equiv ",
        "π": "\\pi ",
        "∞": "\\infty ",
        "∪": "\\cup ",
        "∩": "\\cap ",
        "∈": "\\in ",
        "∅": "\\emptyset ",
        "“": '"',
        "”": '"',
        "″": '"',
        "‘": "'",
        "’": "'",
        "′": "'",
        "°": " degrees ",
        "⁄": "/",
        "∕": "/",
        "º": " degrees ",
        "˚": " degrees ",
    }
)
_LATEX = tuple(
    (re.compile(re.sub(r"(?<!\\)\\b", "(?![A-Za-z])", pattern)), plain)
    for pattern, plain in (
        (r"\\\\(?=[dtc]?frac|sqrt|text|mbox|pi|cdot|times|infty|left|right|boxed|circ|theta|pm)", r"\\"),
        (r",\s*\\!\s*|\{,\}", ","),
        (r"\{\s*([-+:=])\s*\}", r"\1"),
        (
            r"(?<!\\)\\(?:[,;:!> ]|q?quad\b|left\b|right\b|[bB]igg?[lrm]?\b|(?:display|text|script)style\b|limits\b)",
            " ",
        ),
        (r"(?<!\\)\\(?:large|Large|LARGE|huge|small|normalsize|bf|it|rm|cal|phantom)\b", " "),
        (r"(?<!\\)\\[()\[\]]", " "),
        (r"\\(?:text)?color\s*\{\w+\}", " "),
        (r"\\[dtc]frac\b", r"\\frac"),
        (r"\\[dt]binom\b", r"\\binom"),
        (r"\{\s*([^{}]+?)\s*\\over\b\s*([^{}]+?)\s*\}|^\s*([^{}]+?)\s*\\over\b\s*([^{}]+?)\s*$", r"\\frac{\1\3}{\2\4}"),
        (r"\\mathbb\s*(?:R\b|\{\s*R\s*\})", r"(-\\infty,\\infty)"),
        (r"^(?:(?:[Tt]he\s+)?[Ee]mpty set|[Nn]o solutions?)$", r"\\emptyset"),
        (r"\\varnothing\b|^\\\{\s*\\\}$", r"\\emptyset"),
        (r"(?<=\d)''", '"'),
        (r"_\s*\{\s*\(\s*(\d+)\s*\)\s*\}", r"_{\1}"),
        (r"^\((\w+)\)(?=\s*_\s*\{?\s*\d)", r"\1"),
        (r"\\frac\s*(\d)\s*(\d)(?!\d)", r"\\frac{\1}{\2}"),
        (r"\\frac\s*(\d)\s*\{", r"\\frac{\1}{"),
        (r"\\frac\s*(\{[^{}]*\})\s*(\d)", r"\\frac\1{\2}"),
        (r"\\bar(?=\s*\{?\d)", r"\\overline"),
        (r"\\overline\s*(\d)", r"\\overline{\1}"),
        (r"\\sqrt\s*(\d)", r"\\sqrt{\1}"),
        (r"\^\s*(?:\\circ\b|\{\s*\\circ\s*\}|\{\s*degrees\s*\})|\\degree\b|\\circ(?=\s*$)", " degrees "),
        (
            r"\\(?:text(?:bf|it|rm|normal|sf|tt|sc|up|md)|emph|[mh]box|math(?:rm|bf|sf|it|tt|bb)|bold|operatorname)\s*\{",
            r"\\text{",
        ),
        (r"\\(?:underline|overbrace|underbrace|bm|boldsymbol|fbox|boxed)\s*\{([^{}]*)\}", r"{\1}"),
        (r"\\text\s*\{\s*(\d[\dA-F]*)\s*\}(?=\s*_)|(?<=\d)\\text\s*\{\s*([A-F]+)\s*\}(?=\s*_)", r"\1\2"),
        (r"^(-?\d+)\s*_\s*\{\s*(?:10|ten|\\text\s*\{\s*ten\s*\})\s*\}$", r"\1"),
        (r"\\[lc]?dots\b", "..."),
        (r"^\s*\\(?:Rightarrow|Longrightarrow|implies|therefore)\b", ""),
        (r"(?<=[\w)\]}])\s*\*\*\s*(?=[\w({\\-])", "^"),
        (r"^\{?([^{}]+?)\\choose\b([^{}]+?)\}?$", r"\\binom{\1}{\2}"),
        (r"_\s*(\w)(?!\w)", r"_{\1}"),
        (r"\\text\s*\{\s*i\s*\}", "i"),
        (r"(?<![\w\\{])((?:arc)?(?:sin|cos|tan)|cot|sec|csc|log|ln)(?=\s*[\d(^\\]|\s+[a-z]\b)", r"\\\1"),
        (r"\\leqslant\b|\\leq\b|<=", r"\\le "),
        (r"\\geqslant\b|\\geq\b|>=", r"\\ge "),
        (r"\\neq\b|!=", r"\\ne "),
        (r"\\lt\b", "<"),
        (r"\\gt\b", ">"),
        (r"\\simeq\b|\\doteq\b", r"\\approx "),
        (r"\\infin\b|(?<![\w\\])infinity\b", r"\\infty "),
        (r"(?<![\w\\])pi\b", r"\\pi "),
        (r"(?<![\w\\])sqrt\s*\(([^()]*)\)", r"\\sqrt{\1}"),
        (r"\\pounds\b", "£"),
        (r"\\euro\b", "€"),
        (r"\\([%#])", r"\1"),
        (r"\^\s*\{?\s*(?:\\text\{)?\s*(st|nd|rd|th)\s*\}?\s*\}?(?![A-Za-z])", r"\1"),
    )
)
"""Patterns of LaTeX, and what each is written as; in this order. A command ends where no letter follows."""

_WRAPPINGS = (("$$", "$$"), ("$", "$"), ("\\(", "\\)"), ("\\[", "\\]"), ("**", "**"), ("__", "__"), ("*", "*"))
_SPACED = re.compile(r"^(?:\\[,;:!> ]\s*)+|(?<!\\)(?:\\[,;:!> ]\s*)+$|(?<!\\)\\$")
"""Spacing commands at either end."""
_QUOTES = (("`", "`"), ('"', '"'), ("'", "'"), ("“", "”"))
_BRACED = ("\\boxed", "\\fbox", "\\text", "\\mathbf", "\\mathrm", "\\textbf", "\\emph", "\\mbox", "")
"""Commands that change nothing where their braces hold the whole answer."""


@lru_cache(maxsize=8192)
def plain(text: str) -> str:
    r"""The text in one notation, without what only dresses it.

    >>> plain("$\\left(2,\\,\\dfrac12\\right)$."), plain("1½ ×10⁻³"), plain("\\text{Evelyn}")
    ('(2, \\frac{1}{2} )', '1\\frac{1}{2} \\times 10^{-3}', 'Evelyn')
    """
    text = _unwrapped(text)
    if not text.isascii():
        text = _unicode(text)
    if "\\" in text or "^" in text or _WORDED.search(text):
        for pattern, rewritten in _LATEX:
            text = pattern.sub(rewritten, text)
        text = _BASE_IN_WORDS.sub(lambda found: f"_{{{_BASES[found[1].lower()]}}}", text)
    return " ".join(_unwrapped(text.replace("~", " ")).replace("\\$", "$").split())


_BASE_NAMES = (
    *("two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve", "thirteen"),
    *("fourteen", "fifteen", "sixteen"),
)
_BASES = {name: base for base, name in enumerate(_BASE_NAMES, 2)}
_BASE_IN_WORDS = re.compile(rf"_\s*\{{\s*(?:\\text\s*\{{\s*)?({'|'.join(_BASES)})\s*\}}(?:\s*\}})?", re.IGNORECASE)
_WORDED = re.compile(r"[<>!]=|pi|sqrt|infinity|\{[-+:=,]\}|''|_|\*\*|sin|cos|tan|cot|sec|csc|log|ln|mpty set|o sol")


def _unicode(text: str) -> str:
    """Symbols, digits and letters of Unicode as LaTeX and ASCII where there is such a form, else in NFKC."""
    text = _INVISIBLE.sub("", text)
    text = _ROOT.sub(lambda found: f"\\sqrt{{{(found[1] or found[2]).strip('{}')}}}", text)
    text = _RAISED.sub(lambda found: f"^{{{found[0].translate(_SUPERSCRIPTS)}}}", text)
    text = _LOWERED.sub(lambda found: f"_{{{found[0].translate(_SUBSCRIPTS)}}}", text)
    text = _VULGAR.sub(lambda found: "\\frac{{{}}}{{{}}}".format(*_halves(found[0])), text).translate(_SYMBOLS)
    text = unicodedata.normalize("NFKC", text).translate(_SYMBOLS)
    return "".join(str(unicodedata.digit(char)) if _is_foreign_digit(char) else char for char in text)


def _halves(vulgar: str) -> list[str]:
    """Numerator and denominator of a character such as ¾."""
    return unicodedata.normalize("NFKC", vulgar).split("⁄")


def _is_foreign_digit(char: str) -> bool:
    return not char.isascii() and unicodedata.category(char) == "Nd"


def _unwrapped(text: str) -> str:
    """The text without spaces, final punctuation and the marks that enclose all of it."""
    before = ""
    while text != before:
        before, text = text, _unbraced(_without_end(_SPACED.sub("", text.strip())))
        for opening, closing in (*_WRAPPINGS, *_QUOTES):
            inner = text[len(opening) : -len(closing)]
            if text == opening + inner + closing and inner.strip() and opening not in inner and closing not in inner:
                text = inner
    return text


def _without_end(text: str) -> str:
    """The text without final punctuation, but for the ellipsis of a decimal that goes on."""
    bare = text.rstrip(".,;:? ")
    return bare + "..." if text.endswith("...") and bare[-1:].isdigit() else bare


def _unbraced(text: str) -> str:
    r"""What is in the braces of `\boxed{…}`, `\text{…}` or `{…}` where they enclose the whole text."""
    if not text.endswith("}") or text.endswith("\\}"):
        return text
    command, brace, inner = text[:-1].partition("{")
    whole = brace and command.strip() in _BRACED and _balanced(inner)
    return inner.strip() if whole else text


def _balanced(text: str) -> bool:
    depth = 0
    for char in text:
        depth += (char == "{") - (char == "}")
        if depth < 0:
            return False
    return depth == 0
