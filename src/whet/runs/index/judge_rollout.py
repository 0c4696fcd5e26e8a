"""Whether a recorded rollout is right, and which answer it gives: by the reward that graded it, and by its format."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

from whet.formats import ResponseFormat

LONGEST = 200
"""Characters of an answer that are kept."""

Judge = Callable[[Mapping[str, Any]], "Judged"]
"""From a rollout's record to its verdict."""


class Judged(NamedTuple):
    """The verdict on a rollout."""

    correct: bool | None
    """None where no reward of the recipe measures whether the answer is right."""
    answer: str | None
    """The answer it gives; None where none is found."""


def judge_by(response_format: ResponseFormat | None, correctness: Sequence[str]) -> Judge:
    """Returns the judge of a run's rollouts; `correctness` names the rewards that measure whether an answer is right.

    The answer is looked for where the format puts it, and else anywhere.
    """
    from whet.rewards.gold_answer import kind_of
    from whet.rewards.judgement import finder

    find = finder(response_format, lenient=True)

    def judge(record: Mapping[str, Any]) -> Judged:
        correct = _correct(record.get("parts") or {}, correctness)
        found = find(str(record.get("text") or ""), kind_of(str(record.get("gold") or "")))
        return Judged(correct, found.text.strip()[:LONGEST] if found and found.text.strip() else None)

    return judge


def _correct(parts: Mapping[str, Any], correctness: Sequence[str]) -> bool | None:
    """Whether the first correctness reward that applied gave the full mark."""
    marks = (parts.get(name) for name in correctness)
    return next((mark >= 1.0 for mark in marks if isinstance(mark, int | float)), None)
