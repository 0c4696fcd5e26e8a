"""The cosine length reward: correct completions earn more when short, wrong ones lose less when long."""

from math import cos, pi
from typing import Any, NamedTuple

from pydantic import PositiveInt

from whet.errors import UserError
from whet.formats import ResponseFormat
from whet.protocols import RewardFn
from whet.rewards.completions import text_of
from whet.rewards.correctness import AccuracyParams, accuracy
from whet.rewards.equality import answers_equal
from whet.rewards.latex import Compare
from whet.rewards.length import limit_of, token_counts
from whet.rewards.new_words import said


class _Ends(NamedTuple):
    """The rewards at length 0 and at the limit."""

    short: float
    long: float

    def at(self, share: float) -> float:
        """The cosine interpolation between them; `share` is length / limit."""
        return self.long + 0.5 * (self.short - self.long) * (1.0 + cos(pi * share))


class LengthCosineParams(AccuracyParams):
    """Parameters of `length_cosine`; the defaults are those of Open R1."""

    max_tokens: PositiveInt | None = None
    """L_max: the length from which a completion counts as truncated; the default is `grpo.sampling.max_tokens`."""
    correct_short: float = 1.0
    """The reward of a correct completion of length 0."""
    correct_long: float = 0.5
    """The reward of a correct completion just under the limit."""
    wrong_short: float = -1.0
    """The reward of a wrong completion of length 0."""
    wrong_long: float = -0.5
    """The reward of a wrong completion just under the limit."""
    truncated: float = -1.0
    """The reward of a completion that reaches the limit."""


def length_cosine(
    response_format: ResponseFormat | None, params: LengthCosineParams, *, equal: Compare = answers_equal
) -> RewardFn:
    """A reward for correctness that falls or rises with length, along half a cosine from 0 to `max_tokens` tokens.

    "Demystifying Long Chain-of-Thought" (arXiv:2502.03373), the cosine reward: with L tokens of L_max, and r_0
    and r_L the values at both ends, r = r_L + (r_0 - r_L)(1 + cos(π L / L_max)) / 2. Correct completions go
    from `correct_short` to `correct_long`, wrong ones from `wrong_short` to `wrong_long`, and those that reach
    the limit get `truncated` (r_e). Whether an answer is right is as in `accuracy`, `lenient` included. The length
    of a wrong completion counts by the share of it that says something (`whet.rewards.new_words.said`), so that
    blanks and loops do not make it better.

    Raises:
        UserError: the limit is not set, or a wrong completion could earn as much as a right one.
    """
    limit = limit_of("length_cosine", params.max_tokens)
    right = _Ends(params.correct_short, params.correct_long)
    wrong = _Ends(params.wrong_short, params.wrong_long)
    if max(wrong) >= min(right):
        raise UserError(
            f"rewards.params of 'length_cosine' let a wrong response earn {max(wrong):g} and a right one "
            f"{min(right):g}: every `correct_…` must exceed every `wrong_…`"
        )
    grade = accuracy(response_format, params, equal=equal)

    def value(correct: float | None, length: int | None, completion: Any) -> float | None:
        if correct is None or length is None:
            return None
        if length >= limit:
            return params.truncated
        return right.at(length / limit) if correct else wrong.at(length * said(text_of(completion)) / limit)

    def reward(
        *, completions: list[Any], completion_ids: list[Any] | None = None, **columns: Any
    ) -> list[float | None]:
        lengths = token_counts("length_cosine", completion_ids)
        marks = grade(completions=completions, completion_ids=completion_ids or [], **columns)
        return [value(*one) for one in zip(marks, lengths, completions, strict=True)]

    return reward
