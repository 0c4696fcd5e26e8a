r"""Whether a text has content: letters, digits or mathematical symbols that a reader would see.

White space of every kind, zero-width and other invisible characters, LaTeX spacing (`\,`, `~`, `\quad`, `\phantom{x}`),
HTML comments and entities, Markdown marks and punctuation are none.
"""

import re
import unicodedata

from whet.text import INVISIBLE

_INVISIBLE_LETTERS = "\u115f\u1160\u17b4\u17b5\u2800\u3164\uffa0"
"""Letters and symbols by category that are drawn as nothing: fillers of Hangul and Khmer, the blank of Braille."""
_MARKDOWN = "|~`^=+<>$"
"""Symbols by category that lay a text out: tables, code, rules, formulas."""
_RELATIONS = frozenset("=+<>")
"""Those of `_MARKDOWN` that are an answer where they stand alone."""
_INVISIBLE = re.compile(
    f"[{INVISIBLE}\x00-\x08\x0e-\x1f\x7f-\x84\x86-\x9f\u034f\u180b-\u180f"
    f"\ufe00-\ufe0f\ufff0-\uffff\U000e0000-\U000effff\ue000-\uf8ff\ud800-\udfff{_INVISIBLE_LETTERS}]"
)
"""Controls, format characters, variation selectors, and characters that belong to nobody."""
_NOTHING = re.compile(
    r"""
      <!--.*?(?:-->|$)                                                            # an HTML comment
    | (?i:&(?:nbsp|ensp|emsp|thinsp|zwnj|zwj|shy|lrm|rlm|\#\d+|\#x[0-9a-f]+);)    # an entity
    | (?i:</?(?:br|hr|p|b|i|em|strong|div|span|u|sub|sup|center)\s*/?>)           # a tag of HTML
    | \\[hv]?phantom\s*\{[^{}]*\} | \\[hv]space\*?\s*\{[^{}]*\} | \\[hmk]?(?:kern|skip)-?[\d.]*\s*(?:em|ex|pt|mu)?
    | \\(?:begin|end)\s*\{[a-z]+\*?\} | \\(?:label|tag|ref)\s*\{[^{}]*\}
    | \\(?:quad|qquad|enspace|thinspace|medspace|thickspace|negthinspace|hfill|vfill|hfil|newline|linebreak|par|noindent
        |displaystyle|textstyle|left|right|strut|null|relax|smallskip|medskip|bigskip|nobreakspace|space
        |text(?:bf|it|rm|tt)?|math(?:rm|bf|it)|mbox|boxed|fbox|hbox|ldots|cdots|dots|textnormal)(?![a-zA-Z])
    """,
    re.VERBOSE | re.DOTALL,
)


def visible(text: str) -> str:
    """The text without invisible characters and without notation that shows nothing.

    >>> visible("8\\u200b2 <!-- eighty-two -->")
    '82 '
    """
    return _INVISIBLE.sub("", _NOTHING.sub("", text))


def is_blank(text: str) -> bool:
    r"""Whether a text has no content.

    >>> [is_blank(text) for text in ("\u200b", r"\, ~ \quad", "<!-- a -->", "**...**", "82", r"\infty", "<")]
    [True, True, True, True, False, False, False]
    """
    shown = visible(text).strip()
    return shown not in _RELATIONS and not any(map(_is_content, shown))


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


_LAYOUT_WORDS = _words("""
    your the a an my our in of and by final correct reasoning reason process thinking thoughts think answer answers
    result results solution sentence here goes step steps text content value number
    """)
_PARTS = _words("answer answers reasoning reason thinking thoughts result solution")
"""Those that name a part of a layout: without one, `A` and `step` are answers."""
_ARTICLES = _words("a an the")
_ALONE = frozenset({"answer", "the answer", "an answer", "answers", "the answers", "reasoning", "thinking", "solution"})
"""What shows a layout in a single word: `reason`, `thoughts`, `result` and `the solution` may be what is asked for."""
_BRACKETED = re.compile(r"[\[<].*[\]>]", re.DOTALL)
_WORD = re.compile(r"[^\W_]+")


def is_placeholder(text: str) -> bool:
    """Whether a text is nothing but the words with which a prompt shows a layout: `your reasoning`, `the final answer`.

    A single word that may be an answer is none, unless it stands in brackets.

    >>> [is_placeholder(text) for text in ("[your answer here]", "the final answer", "[result]", "the result", "82")]
    [True, True, True, False, False]
    """
    shown = visible(text).strip()
    words = [word.lower() for word in _WORD.findall(shown)]
    if len(words) > _FEW_WORDS or not _LAYOUT_WORDS.issuperset(words) or _PARTS.isdisjoint(words):
        return False
    several = sum(word not in _ARTICLES for word in words) > 1
    return several or " ".join(words) in _ALONE or bool(_BRACKETED.fullmatch(shown))


_FEW_WORDS = 8


def _is_content(char: str) -> bool:
    category = unicodedata.category(char)
    return char not in _MARKDOWN and (category[0] in "LN" or category in ("Sm", "Sc", "So"))
