"""Parameters of a reward, read strictly."""

from typing import Any

import pytest
from pydantic import Field, field_validator

from whet.config import Section
from whet.errors import UserError
from whet.rewards.params import read_params


class Taken(Section):
    """What a reward in this test takes."""

    where: str
    """Where it asks."""
    times: int = Field(3, ge=1)
    """How often."""
    share: float = 0.5
    """How much."""

    @field_validator("where")
    @classmethod
    def _is_not_here(cls, value: str) -> str:
        if value == "here":
            raise ValueError("is here: it must be elsewhere")
        return value


def test_what_is_right_is_read() -> None:
    read = read_params(Taken, "r", {"where": "there", "share": 1})
    assert (read.where, read.times, read.share) == ("there", 3, 1.0)


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({}, "rewards.params of 'r' lacks 'where': Where it asks."),
        (
            {"where": "x", "tmes": 3},
            "rewards.params of 'r' has 'tmes': it takes where, times, share; did you mean times?",
        ),
        ({"where": "x", "times": "3"}, "rewards.params.times of 'r' is '3': it must be a valid integer. How often"),
        ({"where": "x", "times": True}, "rewards.params.times of 'r' is True: it must be a valid integer. How often"),
        (
            {"where": "x", "times": 0},
            "rewards.params.times of 'r' is 0: it must be greater than or equal to 1. How often",
        ),
        ({"where": "here"}, "rewards.params.where of 'r' is here: it must be elsewhere"),
    ],
)
def test_what_is_wrong_is_one_line(given: dict[str, Any], said: str) -> None:
    with pytest.raises(UserError) as caught:
        read_params(Taken, "r", given)
    assert str(caught.value) == said
