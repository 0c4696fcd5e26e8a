"""Is the response laid out as asked? From exact to gentle; the response format knows how (`whet.formats`)."""

from collections.abc import Callable

from whet.errors import UserError
from whet.formats import ResponseFormat
from whet.protocols import RewardFn
from whet.rewards.completions import each_text


def format_strict(response_format: ResponseFormat | None) -> RewardFn:
    """1.0 for the exact layout, else 0.0."""
    return each_text(given(response_format).strict)


def format_soft(response_format: ResponseFormat | None) -> RewardFn:
    """1.0 for every part in order, whatever the white space, else 0.0."""
    return each_text(given(response_format).soft)


def format_tags(response_format: ResponseFormat | None) -> RewardFn:
    """The share of tags present exactly once, less 0.001 for each character after the end."""
    return each_text(given(response_format).tags)


def format_partial(response_format: ResponseFormat | None) -> RewardFn:
    """The share of tags present at all: a slope to climb where no response is well laid out yet."""
    return each_text(given(response_format).partial)


def given(response_format: ResponseFormat | None) -> ResponseFormat:
    """The format, where there is one. Raises `UserError` where there is none."""
    if response_format is None:
        raise UserError("format rewards need a format: name one, such as `--format think_answer`")
    return response_format


def reasoning_reader(response_format: ResponseFormat | None) -> Callable[[str], str]:
    """Finds the reasoning of a response, empty where the layout holds none; without a format it is all of it."""
    if response_format is None:
        return str
    parse = response_format.parse
    return lambda text: parse(text).reasoning or ""
