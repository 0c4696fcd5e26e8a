"""Is the response laid out as asked? From exact to gentle; the response format knows how (`whet.formats`)."""

from collections.abc import Callable
from typing import Any

from whet.errors import UserError
from whet.formats import ResponseFormat
from whet.protocols import RewardFn
from whet.rewards.completions import text_of


def format_strict(response_format: ResponseFormat | None) -> RewardFn:
    """1.0 for the exact layout, else 0.0."""
    return _each(_given(response_format).strict)


def format_soft(response_format: ResponseFormat | None) -> RewardFn:
    """1.0 for every part in order, whatever the white space, else 0.0."""
    return _each(_given(response_format).soft)


def format_tags(response_format: ResponseFormat | None) -> RewardFn:
    """The share of tags present exactly once, less 0.001 for each character after the end."""
    return _each(_given(response_format).tags)


def format_partial(response_format: ResponseFormat | None) -> RewardFn:
    """The share of tags present at all: a slope to climb where no response is well laid out yet."""
    return _each(_given(response_format).partial)


def _given(response_format: ResponseFormat | None) -> ResponseFormat:
    if response_format is None:
        raise UserError("format rewards need a format: name one, such as `--format think_answer`")
    return response_format


def _each(score: Callable[[str], float]) -> RewardFn:
    def reward(*, completions: list[Any], **_: Any) -> list[float | None]:
        return [float(score(text_of(completion))) for completion in completions]

    return reward
