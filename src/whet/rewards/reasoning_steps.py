"""A reward for visible reasoning steps: step marks that are followed by new text."""

import re

from pydantic import PositiveInt

from whet.config import Section
from whet.formats import ResponseFormat
from whet.protocols import RewardFn
from whet.rewards.completions import each_with_question
from whet.rewards.new_words import is_count, is_quoted, plain_words

_MARK = re.compile(
    r"""
    ^[ \t]*(?:[#>]+[ \t]+)?(?:\*\*)?                       # the start of a line, whatever Markdown puts there
        (?:step[ \t]+(?P<step>\d+)[.:)]? | (?P<item>\d{1,2})[.)](?=\s) | [-*•](?=\s))
    | (?:^[ \t]* | (?<=[.!?;])\s)                          # the start of a line or of a sentence
        (?:first|second|third|next|then|after[ ]that|finally|lastly)(?:ly)?\b
    """,
    re.VERBOSE | re.IGNORECASE | re.MULTILINE,
)
_MARKS_AGAIN = re.compile(r"\bsteps?\s*\d*\b[.:)]?|\b(?:first|second|third|next|then|finally|lastly)(?:ly)?\b", re.I)
"""Step words inside a step: more marks are no content of it."""
_MIN_BODY = 5
"""The least characters of a step's words for it to count: `7+5=9`."""

_QUOTE = 6
"""Words of a step that stand in the question one after another for it to be a copy, and not one of its facts."""


class ReasoningStepsParams(Section):
    """Parameters of `reasoning_steps`."""

    steps: PositiveInt = 3
    """How many visible steps earn the full reward."""


def reasoning_steps(response_format: ResponseFormat | None, params: ReasoningStepsParams) -> RewardFn:
    """In [0, 1]: the number of visible reasoning steps, over `steps`, at most 1.

    The reasoning-steps reward of Open R1 (https://github.com/huggingface/open-r1): min(1, marks / 3), where a
    mark is `Step 1:`, `1.`, a bullet, or a word such as First, Next, Finally. Here a mark counts only at the
    start of a line (a word also of a sentence), and only where the text up to the next mark says something that
    no other step, nor the question, nor the answer says (`count_steps`). Without a format the whole completion is
    read.
    """

    def score(text: str, question: str) -> float:
        parts = response_format.parse(text) if response_format else None
        reasoning, answer = (parts.reasoning or "", parts.answer or "") if parts else (text, "")
        return min(1.0, count_steps(reasoning, question, answer) / params.steps)

    return each_with_question(score)


def count_steps(reasoning: str, question: str = "", answer: str = "") -> int:
    """The number of distinct steps that a text marks; a copy of the question or of the answer is none.

    >>> count_steps("Step 1: add 30 and 40.\\nStep 2: 7 + 5 = 12.\\nFinally, 70 + 12 = 82.")
    3
    >>> count_steps("Step 1:\\nStep 2:\\nStep 3:"), count_steps("- again and again\\n- again and again")
    (0, 1)
    """
    marks = list(_MARK.finditer(reasoning))
    ends = [mark.start() for mark in marks[1:]] + [len(reasoning)] * bool(marks)
    asked, told = plain_words(question), set[str]()
    count = 0
    for mark, end in zip(marks, ends, strict=True):
        words = _own_words(reasoning[mark.end() : end], mark["step"] or mark["item"])
        says = (
            sum(map(len, words)) >= _MIN_BODY
            and not (len(words) >= _QUOTE and is_quoted(words, asked))
            and not _repeats(words, answer)
        )
        count += says and _has_news(words, told)
        told.update(words)
    return count


def _has_news(words: list[str], told: set[str]) -> bool:
    """Whether a step says what no step before it said; other numbers in the same words are none without arithmetic."""
    new = [word for word in words if word not in told]
    return bool(new) and not (all(map(is_count, new)) and not any(_OPERATION.search(word) for word in words))


_OPERATION = re.compile(r"[-+*/=×÷^]")
_RUN = re.compile(r"(\w{1,2})\1{2,}\w?")
"""One or two letters over and over: `xxxxxx`, `lalala`."""


def _own_words(body: str, number: str | None) -> list[str]:
    """The words of a step without further marks and without the step's own number."""
    words = plain_words(_MARKS_AGAIN.sub(" ", body))
    words = [word for word in words if word != number and (is_count(word) or not _RUN.fullmatch(word))]
    return [] if all(map(is_count, words)) and len(words) == 1 and not words[0][:1].isdigit() else words


def _repeats(words: list[str], answer: str) -> bool:
    """Whether a step says nothing but the answer: `the answer is 82`."""
    if not answer and "answer" in words:
        words = [word for word in words if not is_count(word)]
    known = {*plain_words(answer), "the", "answer", "is", "it", "so", "final", "result", "thus", "therefore", "="}
    return (answer != "" or "answer" in words) and known.issuperset(words)
