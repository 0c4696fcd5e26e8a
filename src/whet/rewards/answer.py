r"""Lenient answer extraction: the answer of a completion in no agreed layout.

One completion gives one answer, so listing many does not help: the first rule that matches decides, by its last match.
"""

import re
from collections.abc import Callable

from whet.formats import boxes, hash_lines, numbers, tag_blocks

_REASONING_ENDS = re.compile(r"</(?:think|thinking|thought|reasoning)>")
_ANSWER_IS = re.compile(r"\banswers?\b[*_\s]*(?:is|are|was|=|:)(?:[\s:*$]|\\[(\[])*", re.IGNORECASE)
_LABEL = re.compile(r"^[ \t]*A:[ \t]*(\S.*)$", re.MULTILINE)
_SENTENCE_ENDS = re.compile(r"\.\$?(?=\s|$)|\n|(?=\\\]|\\\)\.)")
_OP_AFTER = re.compile(r"\s*(?:[+*/^_=×÷]|\\(?:cdot|times|div|pm))|\s*-\s*\d|[(|]|-?[A-Za-z](?![A-Za-z])|[,-]\d")
_OP_BEFORE = re.compile(r"(?:[+*/^_×÷|]|[\w)]\s?-|\\(?:cdot|times|div|pm))\s?$|[,(|{\[]$")
_PROSE = re.compile(r"(?:\b[a-z]{2,}\b[^a-z\\]*){3}", re.IGNORECASE)


def find_answer(text: str) -> str | None:
    r"""Extracts the answer of a completion, without its reasoning up to a closing `</think>`; None without one.

    Rules, most reliable first: `\boxed{…}`, `<answer>…</answer>`, `####`, "answer is …", `A: …`, the last number.

    >>> find_answer("16 - 7 = 9, and 2 * 9 = 18. The answer is $18. I hope it is correct.")
    '18'
    >>> find_answer("I do not know.") is None
    True
    """
    visible = _REASONING_ENDS.split(text)[-1]
    for find in _RULES:
        answer = find(visible if visible.strip() else text)
        if answer:
            return answer
    return None


def _last(found: list[str]) -> str:
    return found[-1].strip() if found else ""


def _stated(text: str) -> str:
    """The text after the last "answer is", up to the end of the sentence; where that is prose, its last number."""
    starts = [found.end() for found in _ANSWER_IS.finditer(text)]
    if not starts:
        return ""
    sentence = _SENTENCE_ENDS.split(text[starts[-1] :], maxsplit=1)[0]
    answer = sentence.strip().strip("*$").strip()
    return (_free_number(answer) or answer) if _PROSE.search(answer) and "\\" not in answer else answer


def _free_number(text: str) -> str:
    """The last number that is no operand, index or argument."""
    # 8 characters before a number hold the longest operator, `\times` with a space.
    free = (
        span.answer
        for span in reversed(list(numbers(text)))
        if not _OP_AFTER.match(text, span.end) and not _OP_BEFORE.search(text[max(0, span.start - 8) : span.start])
    )
    return next(free, "")


_RULES: tuple[Callable[[str], str], ...] = (
    lambda text: _last([span.answer for span in boxes(text)]),
    lambda text: _last(tag_blocks(text, "answer")),
    lambda text: _last([span.answer for span in hash_lines(text)]),
    _stated,
    lambda text: _last(_LABEL.findall(text)),
    _free_number,
)
