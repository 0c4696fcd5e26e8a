"""Detects held-out questions that are also trained on, whatever their spacing, capitals and punctuation."""

import re
import unicodedata
from collections.abc import Iterable, Sequence
from itertools import islice

from whet.data.endless import is_endless
from whet.errors import UserError
from whet.text import one_line
from whet.types import Problem

SAMPLE = 1_000
"""Problems of an endless source that are compared: some puzzles take tens of milliseconds to generate."""

_THOUSANDS = re.compile(r"(?<=\d),(?=\d{3}(?!\d))")
_TOKENS = re.compile(r"\d+(?:\.\d+)?|[^\W\d_]+|(?<=[\d)])!|[^\w\s.,;:?!\"'‘’“”`´]")
_SAME = str.maketrans({"×": "*", "·": "*", "÷": "/", "−": "-", "–": "-", "—": "-"})


def normalised(question: str) -> str:
    """Normalises a question to its words, numbers and operators, without case, spacing and punctuation.

    >>> normalised("What is  1,200 + 3?") == normalised("what is 1200+3")
    True
    >>> normalised("What is 7 + 3?") == normalised("What is 7 - 3?")
    False
    """
    text = unicodedata.normalize("NFKC", question).casefold().translate(_SAME)
    return " ".join(_TOKENS.findall(_THOUSANDS.sub("", text)))


def overlap(train: Sequence[Problem], test: Sequence[Problem]) -> list[Problem]:
    """The held-out problems whose normalised question is also a training question."""
    held_out = {normalised(problem.asked): problem for problem in compared(test)}
    seen = (normalised(problem.asked) for problem in compared(train))
    return [held_out[question] for question in dict.fromkeys(seen) if question in held_out]


def compared(problems: Sequence[Problem]) -> Iterable[Problem]:
    """The problems of a source to compare: all, or the first `SAMPLE` of an endless one."""
    return islice(problems, SAMPLE) if is_endless(problems) else problems


def refuse_overlap(train: Sequence[Problem], test: Sequence[Problem]) -> None:
    """Raises `UserError` where training and held-out problems share a question.

    Nothing is compared where the training source's method `disjoint_from` says that they are disjoint by construction.
    """
    disjoint = getattr(train, "disjoint_from", None)
    if disjoint is not None and disjoint(test):
        return
    shared = overlap(train, test)
    if shared:
        raise UserError(
            f"data.test: {len(shared)} held-out questions are also trained on, such as "
            f"{one_line(shared[0].question, 80)!r}; take them out of one of the two, or name another data.test"
        )
