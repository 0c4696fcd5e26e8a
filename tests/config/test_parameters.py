"""Parameters of a reward or a source, read strictly."""

from typing import Annotated, Any, Literal

import pytest
from pydantic import Field, field_validator

from whet.config import Section
from whet.config.parameters import read_parameters
from whet.errors import UserError


class Taken(Section):
    """What a reward in this test takes."""

    where: str
    """Where it asks."""
    times: int = Field(3, ge=1)
    """How often."""
    share: float = 0.5
    """How much."""
    shares: dict[Literal["full", "short"], Annotated[float, Field(le=1)]] = Field(default_factory=dict)
    """How much of each."""
    words: list[Literal["one", "two"]] = Field(default_factory=list)
    """Some of a few."""
    label: int | str | None = None
    """A number or a name."""

    @field_validator("where")
    @classmethod
    def _is_not_here(cls, value: str) -> str:
        if value == "here":
            raise ValueError("is here: it must be elsewhere")
        return value


def test_what_is_right_is_read() -> None:
    read = read_parameters(Taken, {"where": "there", "share": 1}, "rewards.0.params", "r")
    assert (read.where, read.times, read.share) == ("there", 3, 1.0)


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({}, "rewards.0.params.where: is missing; it must be a text: Where it asks"),
        (
            {"where": "x", "tmes": 3},
            "rewards.0.params.tmes: unknown key; r takes where, times, share, shares, words, label; "
            "did you mean times?",
        ),
        ({"where": "x", "times": "3"}, "rewards.0.params.times: is '3'; it must be a whole number (at least 1)"),
        ({"where": "x", "times": True}, "rewards.0.params.times: is true; it must be a whole number (at least 1)"),
        ({"where": "x", "times": 0}, "rewards.0.params.times: is 0; it must be a whole number (at least 1)"),
        ({"where": "x", "label": [1]}, "rewards.0.params.label: is [1]; it must be a whole number or a text or null"),
        ({"where": "x", "label": 1.5}, "rewards.0.params.label: is 1.5; it must be a whole number or a text or null"),
        (
            {"where": "x", "shares": {"ful": 1}},
            "rewards.0.params.shares.ful: unknown key; it takes full, short; did you mean full?",
        ),
        (
            {"where": "x", "shares": {"full": 1.5}},
            "rewards.0.params.shares.full: is 1.5; it must be less than or equal to 1",
        ),
        (
            {"where": "x", "shares": "full"},
            "rewards.0.params.shares: is 'full'; it must be a mapping of full, short to values; did you mean full?",
        ),
        (
            {"where": "x", "words": ["two", "tree"]},
            "rewards.0.params.words.1: is 'tree'; it must be a list (each one of one, two)",
        ),
        ({"where": "here"}, "rewards.0.params.where: is here: it must be elsewhere"),
    ],
)
def test_what_is_wrong_is_one_line(given: dict[str, Any], said: str) -> None:
    with pytest.raises(UserError) as caught:
        read_parameters(Taken, given, "rewards.0.params", "r")
    assert str(caught.value) == said
