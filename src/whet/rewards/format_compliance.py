"""Format rewards, strictest first; the checks are methods of the response format (`whet.formats`)."""

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
    """The share of tags present at all: a partial reward where no completion keeps the layout yet."""
    return each_text(given(response_format).partial)


def given(response_format: ResponseFormat | None) -> ResponseFormat:
    """Returns the format; raises `UserError` where it is `None`."""
    if response_format is None:
        raise UserError("format rewards need a format: name one, such as `--format think_answer`")
    return response_format


def reasoning_reader(response_format: ResponseFormat | None) -> Callable[[str], str]:
    """Returns a function that extracts the reasoning of a completion, empty without one; no format: the whole text."""
    if response_format is None:
        return str
    parse = response_format.parse
    return lambda text: parse(text).reasoning or ""
