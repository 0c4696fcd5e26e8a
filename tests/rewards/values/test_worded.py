"""Words."""

import pytest

from whet.rewards.values.worded import is_product, loose_text, read_words


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("Evelyn", "evelyn"),
        ("The  Eiffel Tower.", "eiffel tower"),
        ("\\text{ellipse}", "ellipse"),
        ("an ellipse", "ellipse"),
        ("New-York", "new york"),
        ('"Yes!"', "yes"),
        ("Café", "café"),
    ],
)
def test_words(text: str, words: str) -> None:
    assert read_words(text) == words


@pytest.mark.parametrize("text", ["x", "p - q", "-Evelyn", "5", "x = y", "a^b", "\\sqrt{2}", "", "\\alpha"])
def test_no_words(text: str) -> None:
    assert read_words(text) is None


def test_white_space_counts_between_letters_and_digits_only() -> None:
    assert loose_text("( 1 , 2 )") == loose_text("(1,2)")
    assert loose_text("1 2") != loose_text("12")
    assert loose_text("(b)") == "b"


@pytest.mark.parametrize(
    ("text", "product"), [("ab", True), ("xyz", True), ("no", False), ("Yes", False), ("a", False), ("abcd", False)]
)
def test_what_may_be_a_product(text: str, product: bool) -> None:
    assert is_product(text) is product


def test_a_day_of_the_month_has_an_ordinal_or_none() -> None:
    assert read_words("May 5th") == read_words("May 5") == "may 5"
