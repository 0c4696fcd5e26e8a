"""Correctness rewards: 1.0 or 0.0 against the gold answer in the column `answer`.

Each factory takes the response format, which extracts the answer. Without one (`None`, as where completions of
unknown origin are scored) `find_answer` does. `equal` compares an answer with the gold one.
"""

from collections.abc import Callable, Sequence
from typing import Any

from whet.config import Section
from whet.errors import UserError
from whet.formats import ResponseFormat, numbers
from whet.protocols import RewardFn
from whet.rewards.answer import find_answer
from whet.rewards.completions import question_of, text_of
from whet.rewards.equality import answers_equal
from whet.rewards.latex import Compare
from whet.rewards.quantities import quantity
from whet.rewards.verifier import Verify, is_right, marks

Finder = Callable[[str], str | None]


class AccuracyParams(Section):
    """Parameters of `accuracy`."""

    lenient: bool = False
    """Whether an answer is searched anywhere in the completion where the format finds none."""


def accuracy(
    response_format: ResponseFormat | None, params: AccuracyParams, *, equal: Compare = answers_equal
) -> RewardFn:
    """1.0 where the answer equals the gold one as number, formula or text, or passes the problem's own verifier.

    Where the format finds no answer the reward is 0, unless `lenient` falls back to `find_answer`.
    """
    find = _finder(response_format, params.lenient)

    def score(text: str, gold: str, verify: Verify | None, question: str) -> float:
        answer = find(text)
        return float(answer is not None and is_right(answer, gold, verify, equal, question))

    return _against_gold(score)


def verifier(response_format: ResponseFormat | None, *, equal: Compare = answers_equal) -> RewardFn:
    """The score of the problem's own verifier, in [0, 1]; without a verifier, `accuracy`."""
    find = _finder(response_format)
    return _against_gold(lambda text, gold, verify, question: marks(find(text) or "", gold, verify, equal, question))


def exact_match(response_format: ResponseFormat | None) -> RewardFn:
    """1.0 where the answer is the same string as the gold one, apart from surrounding white space."""
    find = _finder(response_format)
    return _against_gold(lambda text, gold, *_: float((find(text) or "").strip() == gold.strip()))


def integer(response_format: ResponseFormat | None) -> RewardFn:
    """1.0 where the answer is a whole number, right or wrong: an easy reward for a model that answers in words."""
    find = _finder(response_format)

    def score(text: str, *_: Any) -> float:
        number = quantity(find(text) or "")
        return float(number is not None and number.value.denominator == 1)

    return _against_gold(score)


def last_integer(response_format: ResponseFormat | None) -> RewardFn:
    """1.0 where the last integer of the completion equals that of the gold answer, whatever the layout."""
    return _against_gold(lambda text, gold, *_: float(_last_integer(text) == _last_integer(gold) != ""))


def _last_integer(text: str) -> str:
    """Sign and digits of the last integer, without commas and leading zeros; empty where there is none."""
    integers = [span.answer.replace("−", "-") for span in numbers(text) if "." not in span.answer]
    if not integers:
        return ""
    sign = "-" if integers[-1].startswith("-") else ""
    return sign + (integers[-1].replace(",", "").lstrip("-0") or "0")


def _finder(response_format: ResponseFormat | None, lenient: bool = False) -> Finder:
    if response_format is None:
        return find_answer
    parse = response_format.parse
    return (lambda text: parse(text).answer or find_answer(text)) if lenient else lambda text: parse(text).answer


def _against_gold(score: Callable[[str, str, Verify | None, str], float]) -> RewardFn:
    """Makes a reward of (completion text, gold answer, verifier or `None`, question); `None` without a gold answer."""

    def reward(
        *,
        completions: list[Any],
        prompts: Sequence[Any] = (),
        answer: list[Any] | None = None,
        verifier: list[Verify | None] | None = None,
        **_: Any,
    ) -> list[float | None]:
        if answer is None:
            raise UserError("this reward compares with the gold answer: the data needs a column `answer`")
        golds = ["" if gold is None else str(gold) for gold in answer]
        checks = verifier or [None] * len(golds)
        questions = map(question_of, prompts or [""] * len(golds))
        return [
            score(text_of(completion), gold, verify, question) if gold else None
            for completion, gold, verify, question in zip(completions, golds, checks, questions, strict=True)
        ]

    return reward
