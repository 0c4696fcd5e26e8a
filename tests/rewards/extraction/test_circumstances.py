"""The number that a sentence gives, and those of its circumstances."""

import pytest

from rewards.growth import growth
from whet.rewards.extraction.circumstances import sentence_value, several_values, without_circumstances
from whet.rewards.extraction.values import values


@pytest.mark.parametrize(
    "text", ["16 dollars on snacks after 60 days", "36 more votes to reach 100", "5 hours to drive 300 miles"]
)
def test_a_number_in_the_prose_is_no_second_answer(text: str) -> None:
    assert not several_values(text)


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("So Ann saved $52 in 6 weeks", "$52"),
        ("Ben ran 52 miles in 6 days", "52"),
        ("It takes 52 bricks to build 6 steps", "52"),
        ("Eva has 52 stamps left after selling 8", "52"),
        ("Thus 52 of the 60 seats are taken", "52"),
        ("The club sold 52 tickets, 9 fewer than before", "52"),
        ("She sells 6 cakes for $52", "$52"),
        ("First 6 come, then 52 more come", "52"),
        ("A train of 6 cars holds 52 people", "52"),
        ("The total is 52 after 6 days", "52"),
        ("They need 52 loaves to feed 6 groups for 9 days", "52"),
    ],
)
def test_the_number_of_a_sentence(text: str, number: str) -> None:
    value = sentence_value(text, values(text))
    assert value
    assert value.text == number


def test_without_circumstances() -> None:
    text = "He earns $52 in 6 days and 7 nights"
    assert [value.text for value in without_circumstances(values(text), text)] == ["$52", "7"]


@pytest.mark.parametrize(
    "text", ["$52 for 6 hats", "52 of the 60 seats", "$52.00 in 6 weeks", "52 more than 40", "52 eggs every 6 days"]
)
def test_one_value_with_its_circumstances(text: str) -> None:
    assert not several_values(text)


@pytest.mark.parametrize("text", ["$52 or 60", "52 60", "52 dollars to 60", "52 and 60", "$52 for 6 or 7 hats"])
def test_several_values(text: str) -> None:
    assert several_values(text)


@pytest.mark.parametrize("piece", [" ", " a", " in", " to a", ", a"])
def test_a_long_gap_takes_linear_time(piece: str) -> None:
    def run(length: int) -> object:
        text = "He has 7" + piece * length + " 9"
        return without_circumstances(values(text), text)

    assert growth(run, 500, 8000) < 64
