"""Options of multiple choice."""

import pytest

from whet.rewards.values.option import given_letter, gold_letter, read_options


@pytest.mark.parametrize("text", ["B", "(B)", "[B]", "B.", "B)", "\\text{(B)}", "Option B"])
def test_gold(text: str) -> None:
    assert gold_letter(text) == "B"


@pytest.mark.parametrize("text", ["b", "x", "K", "BC", "B = 5", "2B", "", "B or C"])
def test_what_is_no_gold_letter(text: str) -> None:
    assert gold_letter(text) is None


@pytest.mark.parametrize(
    "text",
    [
        "B",
        "b",
        "(B) 12",
        "B. 12",
        "B) 12",
        "B: 12",
        "option B",
        "choice (B)",
        "B because 4 is even",
        "(B) – 12",
        "\\text{(B)} 12",
    ],
)
def test_given(text: str) -> None:
    assert given_letter(text) == "B"


@pytest.mark.parametrize(
    "text", ["B or C", "A C B", "(A) and (B)", "(B) (C)", "B+1", "\\text{(B)}/7", "Bob", "B 12", ""]
)
def test_what_names_no_option_or_two(text: str) -> None:
    assert given_letter(text) is None


@pytest.mark.parametrize(
    ("text", "letters"),
    [
        ("A, C", "AC"),
        ("(A) and (C)", "AC"),
        ("CA", "AC"),
        ("{A,C}", "AC"),
        ("A、C", "AC"),
        ("A", None),
        ("A or C", None),
        ("A, A", None),
        ("A, x", None),
    ],
)
def test_several_options(text: str, letters: str | None) -> None:
    assert read_options(text) == (None if letters is None else frozenset(letters))
