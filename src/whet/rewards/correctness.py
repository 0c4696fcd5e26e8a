"""Correctness rewards: 1.0 or 0.0 against the gold answer in the column `answer`.

Each factory takes the response format, which says where the answer stands. Without one (`None`, as where completions
of unknown origin are scored) it is searched for (`whet.rewards.answer`). `equal` compares an answer with the gold one.
"""

from collections.abc import Callable, Sequence
from typing import Any

from whet.config import Section
from whet.errors import UserError
from whet.formats import ResponseFormat, numbers
from whet.protocols import RewardFn
from whet.rewards.completions import question_of, responses
from whet.rewards.equality import answers_equal
from whet.rewards.extraction.candidate import Kind
from whet.rewards.gold_answer import golds_of
from whet.rewards.judgement import Verify, finder, judge
from whet.rewards.latex import Compare
from whet.rewards.quantities import quantity

Golds = Sequence[str]
"""The gold answers that are accepted."""


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
    find = finder(response_format, params.lenient)
    return _against_gold(
        lambda text, golds, verify, question: float(judge(text, find, golds, verify, equal, question).right)
    )


def verifier(response_format: ResponseFormat | None, *, equal: Compare = answers_equal) -> RewardFn:
    """The score of the problem's own verifier, in [0, 1]; without a verifier, `accuracy`."""
    find = finder(response_format)

    def score(text: str, golds: Golds, verify: Verify | None, question: str) -> float:
        if not callable(verify):
            return float(judge(text, find, golds, None, equal, question).right)
        found = find(text, Kind.ANY)
        return verify(found.given) if found and not found.refused and found.given.strip() else 0.0

    return _against_gold(score)


def exact_match(response_format: ResponseFormat | None) -> RewardFn:
    """1.0 where the answer is the same string as the gold one, apart from surrounding white space."""
    find = finder(response_format)

    def score(text: str, golds: Golds, *_: Any) -> float:
        found = find(text, Kind.ANY)
        return float(found is not None and found.given.strip() in {gold.strip() for gold in golds})

    return _against_gold(score)


def integer(response_format: ResponseFormat | None) -> RewardFn:
    """1.0 where the answer is a whole number, right or wrong: an easy reward for a model that answers in words."""
    find = finder(response_format)

    def score(text: str, *_: Any) -> float:
        found = find(text, Kind.ANY)
        number = quantity(found.given) if found and not found.refused else None
        return float(number is not None and number.value.denominator == 1)

    return _against_gold(score)


def last_integer(response_format: ResponseFormat | None) -> RewardFn:
    """1.0 where the last integer of the completion equals that of the gold answer, whatever the layout."""
    return _against_gold(
        lambda text, golds, *_: float((last := _last_integer(text)) != "" and last in map(_last_integer, golds))
    )


def _last_integer(text: str) -> str:
    """Sign and digits of the last integer, without commas and leading zeros; empty where there is none."""
    integers = [span.answer.replace("−", "-") for span in numbers(text) if "." not in span.answer]
    if not integers:
        return ""
    sign = "-" if integers[-1].startswith("-") else ""
    return sign + (integers[-1].replace(",", "").lstrip("-0") or "0")


def _against_gold(score: Callable[[str, Golds, Verify | None, str], float]) -> RewardFn:
    """Makes a reward of (completion text, accepted answers, verifier, question); `None` without a gold answer."""

    def reward(
        *,
        completions: list[Any],
        prompts: Sequence[Any] = (),
        answer: list[Any] | None = None,
        accepted: list[Any] | None = None,
        verifier: list[Verify | None] | None = None,
        **_: Any,
    ) -> list[float | None]:
        if answer is None:
            raise UserError("this reward compares with the gold answer: the data needs a column `answer`")
        golds = list(map(golds_of, answer, accepted or [None] * len(answer)))
        checks = verifier or [None] * len(golds)
        questions = map(question_of, prompts or [""] * len(golds))
        return [
            score(text, gold, verify, question) if gold else None
            for text, gold, verify, question in zip(
                responses(prompts, completions), golds, checks, questions, strict=True
            )
        ]

    return reward
