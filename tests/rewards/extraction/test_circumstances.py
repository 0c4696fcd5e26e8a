"""The number that a sentence gives, and those of its circumstances."""

import pytest

from whet.rewards.extraction.circumstances import several_values


@pytest.mark.parametrize(
    "text", ["16 dollars on snacks after 60 days", "36 more votes to reach 100", "5 hours to drive 300 miles"]
)
def test_a_number_in_the_prose_is_no_second_answer(text: str) -> None:
    assert not several_values(text)
