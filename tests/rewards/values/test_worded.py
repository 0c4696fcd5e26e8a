"""Words."""

import pytest

from whet.rewards.values.worded import loose_text, read_words


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
