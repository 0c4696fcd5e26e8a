"""Numbers in words."""

import pytest

from whet.rewards.values.spelled import in_digits


@pytest.mark.parametrize(
    ("text", "digits"),
    [
        ("five", "5"),
        ("Twenty-One", "21"),
        ("twenty one pens", "21 pens"),
        ("one hundred", "100"),
        ("one hundred and five", "105"),
        ("fifteen hundred", "1500"),
        ("two thousand three hundred forty-five", "2345"),
        ("one million", "1000000"),
        ("three million two thousand", "3002000"),
        ("one half", "1/2"),
        ("half", "1/2"),
        ("a quarter of them", "1/4 of them"),
        ("two-thirds", "2/3"),
        ("three halves", "3/2"),
        ("a dozen", "1 dozen"),
        ("a hundred and five", "105"),
        ("a thousand two hundred", "1200"),
        ("a million", "1000000"),
        ("one and a half", "1 and a half"),
        ("zero", "0"),
    ],
)
def test_in_digits(text: str, digits: str) -> None:
    assert in_digits(text) == digits


@pytest.mark.parametrize("text", ["", "a pen", "some", "hundreds", "5 pens", "thousand", "oneself"])
def test_no_number(text: str) -> None:
    assert in_digits(text) == text


@pytest.mark.parametrize(
    ("text", "digits"),
    [
        ("two one", "2 one"),
        ("twenty zero", "20 zero"),
        ("zero five", "0 five"),
        ("one hundred zero", "100 zero"),
        ("one hundred and", "100 and"),
        ("nineteen ninety-nine", "19 ninety-nine"),
        ("one two three", "1 two three"),
        ("twenty fifth", "20 fifth"),
        ("twenty quarters", "20 quarters"),
        ("one thousand one million", "1001 million"),
    ],
)
def test_words_that_are_no_one_number_are_not_added(text: str, digits: str) -> None:
    assert in_digits(text) == digits
