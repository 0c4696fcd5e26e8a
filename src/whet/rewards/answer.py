r"""The lenient finder: the answer of a response in no agreed layout.

One response gives one answer, so listing many does not help: the first rule that finds anything decides, and
it takes the last of what it finds.
"""

import re
from collections.abc import Callable

from whet.formats import boxes, hash_lines, numbers, tag_blocks

_REASONING_ENDS = re.compile(r"</(?:think|thinking|thought|reasoning)>")
_SAYS = re.compile(r"\banswers?\b[*_\s]*(?:is|are|was|=|:)(?:[\s:*$]|\\[(\[])*", re.IGNORECASE)
_LABEL = re.compile(r"^[ \t]*A:[ \t]*(\S.*)$", re.MULTILINE)
_SENTENCE_ENDS = re.compile(r"\.\$?(?=\s|$)|\n|(?=\\\]|\\\)\.)")
_TAKES = re.compile(r"\s*(?:[+*/^_=×÷]|\\(?:cdot|times|div|pm))|\s*-\s*\d|[(|]|-?[A-Za-z](?![A-Za-z])|[,-]\d")
_GIVES = re.compile(r"(?:[+*/^_×÷|]|[\w)]\s?-|\\(?:cdot|times|div|pm))\s?$|[,(|{\[]$")
_PROSE = re.compile(r"(?:\b[a-z]{2,}\b[^a-z\\]*){3}", re.IGNORECASE)


def find_answer(text: str) -> str | None:
    r"""What the response gives as its answer; reasoning up to a closing `</think>` is left out.

    In the order of trust: `\boxed{…}`, `<answer>…</answer>`, `####`, "answer is …", `A: …`, the last number.

    >>> find_answer("16 - 7 = 9, and 2 * 9 = 18. The answer is $18. I hope it is correct.")
    '18'
    >>> find_answer("I do not know.") is None
    True
    """
    said = _REASONING_ENDS.split(text)[-1]
    for find in _RULES:
        answer = find(said if said.strip() else text)
        if answer:
            return answer
    return None


def _last(found: list[str]) -> str:
    return found[-1].strip() if found else ""


def _said(text: str) -> str:
    """What follows the last "answer is", up to the end of the sentence; of prose, its last number."""
    starts = [found.end() for found in _SAYS.finditer(text)]
    if not starts:
        return ""
    sentence = _SENTENCE_ENDS.split(text[starts[-1] :], maxsplit=1)[0]
    answer = sentence.strip().strip("*$").strip()
    return (_free_number(answer) or answer) if _PROSE.search(answer) and "\\" not in answer else answer


def _free_number(text: str) -> str:
    """The last number that stands for itself: an operand, an index or an argument is no answer."""
    free = (
        span.answer
        for span in reversed(list(numbers(text)))
        if not _TAKES.match(text, span.end) and not _GIVES.search(text[max(0, span.start - 8) : span.start])
    )
    return next(free, "")


_RULES: tuple[Callable[[str], str], ...] = (
    lambda text: _last([span.answer for span in boxes(text)]),
    lambda text: _last(tag_blocks(text, "answer")),
    lambda text: _last([span.answer for span in hash_lines(text)]),
    _said,
    lambda text: _last(_LABEL.findall(text)),
    _free_number,
)
