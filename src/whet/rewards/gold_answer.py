r"""Reads gold answers as data sets have them: a value, a sentence, a worked solution, a list of accepted answers."""

import re
from functools import lru_cache

from whet.formats import hash_lines, tag_blocks
from whet.rewards.answer import find_answer
from whet.rewards.extraction.candidate import Kind
from whet.rewards.extraction.hedges import hedged
from whet.rewards.extraction.places import boxed

_DIGITS = r"(?:\d{1,3}(?:,\d{2,3})*,\d{3}|\d+)"
_LATEX_NUMBER = r"\\[dtc]?frac\s*(?:\{\s*-?[\d.,]+\s*\}\s*\{\s*[\d.,]+\s*\}|\d\s*\d)"
_NUMBER = re.compile(
    rf"\s*\$?\s*[-−+]?\s*\\?[$€£]?\s*(?:{_DIGITS}(?:\.\d*)?|\.\d+|{_DIGITS}\s*/\s*\d+|\d*\s*{_LATEX_NUMBER})\s*(?:\\?%)?\s*\$?\s*\.?\s*",
    re.ASCII,
)
_MARKED = re.compile(r"[€£%]|\\\$|\$(?=.*\d)(?!.*\$)")
"""A currency or percent sign; dollar signs around a number are LaTeX's."""
_LETTER = re.compile(r"\s*(?:\\text\w*\s*\{)?\s*\(?\s*[A-J]\s*\)?\s*\}?\s*[.)]?\s*")
_SEVERAL = re.compile(
    r"\\(?:cup|pm|mp|in|cap|lor|vee)\b|\\\{|[∪∈±]|^\s*\{|,(?!\d{3}(?!\d))|\\text\w*\s*\{\s*(?:and|or)\s*\}|\band\b|[<>≤≥]|\\(?:leq?|geq?)\b"
)
_STATED = re.compile(r"\banswers?\b[*_\s]*(?:is|are|=|:)|^[ \t]*A:[ \t]*\S", re.IGNORECASE | re.MULTILINE)
_PAGE = 300
"""Characters of a gold answer beyond which it is a text, not an answer, if it has words."""
_WORDS = re.compile(r"(?:\b[A-Za-z]{2,}\b[^A-Za-z]+){5}")


@lru_cache(maxsize=8192)
def kind_of(gold: str) -> Kind:
    r"""What kind of answer a gold answer is.

    >>> [kind_of(gold).name for gold in ("1,080", "\\frac{3}{4}", "(C)", "5 cm", "x^2 + 1", "2, 3")]
    ['NUMBER', 'NUMBER', 'LETTER', 'SINGLE', 'SINGLE', 'SEVERAL']
    """
    if _NUMBER.fullmatch(gold):
        return Kind.AMOUNT if _MARKED.search(gold) else Kind.NUMBER
    if _LETTER.fullmatch(gold):
        return Kind.LETTER
    return Kind.SEVERAL if _SEVERAL.search(gold) or hedged(gold) else Kind.SINGLE


@lru_cache(maxsize=8192)
def gold_answer(text: str) -> str | None:
    r"""The answer in a gold text: of a worked solution or a sentence, what it marks as the answer; else all of it.

    None where it is a page of text without a mark: no response can equal it.

    >>> gold_answer("2 + 3 = 5. So \\boxed{5}."), gold_answer("The answer is 18."), gold_answer("x + 1")
    ('5', '18', 'x + 1')
    """
    text = text.strip()
    if marked := marked_answer(text):
        return marked
    return text if len(text) <= _PAGE or not _WORDS.search(text) else None


def marked_answer(text: str) -> str | None:
    r"""The answer that a worked solution marks; None where nothing is marked.

    Marks are `\boxed{…}`, `<answer>…</answer>`, `####`, "the answer is …" and `A: …`: a last number alone is no answer.
    Of several boxes the last one is the answer by convention, whatever those before say.

    >>> marked_answer("3 + 4 = 7.\nThe answer is: 7"), marked_answer("3 + 4 = 7") is None
    ('7', True)
    """
    if places := boxed(text, Kind.ANY):
        return places[-1].text.strip() or None
    marks = tag_blocks(text, "answer") or hash_lines(text) or _STATED.search(text)
    return find_answer(text) if marks else None


def golds_of(answer: object, accepted: object = None) -> tuple[str, ...]:
    r"""Every gold answer that is accepted: that of the column `answer`, which may be a list, and those of `accepted`.

    What cannot be read is left out; empty where there is no gold answer.

    >>> golds_of(["1/2", "0.5", "So \\boxed{.5}"]), golds_of("18"), golds_of(None)
    (('1/2', '0.5', '.5'), ('18',), ())
    """
    texts = [
        str(one)
        for given in (answer, accepted)
        for one in (given if isinstance(given, list | tuple) else [given])
        if one is not None
    ]
    return tuple(dict.fromkeys(gold for gold in map(gold_answer, texts) if gold))
