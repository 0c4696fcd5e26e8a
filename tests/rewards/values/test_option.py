"""Options of multiple choice."""

import pytest

from rewards.growth import growth
from whet.rewards.values.option import given_letter, gold_letter, read_options, same_options


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
        ("A, B, and D", "ABD"),
        ("[(A), (C)]", "AC"),
        ("\\text{A and C}", "AC"),
        ("A, A", "AA"),
        ("A, x", None),
    ],
)
def test_several_options(text: str, letters: str | None) -> None:
    found = read_options(text)
    assert (found and "".join(sorted(found.letters))) == letters


@pytest.mark.parametrize(
    ("given", "gold", "same"),
    [
        ("C, A", "A, C", True),
        ("AC", "A and C", True),
        ("(C), (A)", "(A)(C)", True),
        ("C, A", "AC", True),
        ("A, C", "C and A", True),
        ("CA", "A, C", True),
        ("CA", "AC", True),
        ("BA", "A, B", False),
        ("CBA", "ABC", False),
        ("BA", "AB", False),
        ("FADE", "DEAF", None),
        ("FADE", "D, E, A, F", False),
        ("A, B, C", "C, A, B", False),
        ("C, A, B", "C, A, B", True),
        ("CAB", "C, A, B", True),
        ("A, B", "A, B, B", False),
        ("A", "A, C", False),
        ("A", "B", None),
    ],
)
def test_options_have_no_order_where_the_gold_answer_has_none(given: str, gold: str, same: bool | None) -> None:
    assert bool(same_options(given, gold)) is bool(same)
    assert same is not None or same_options(given, gold) in (None, False)


def test_a_word_of_other_letters_is_left_to_the_reader_of_words() -> None:
    assert same_options("angle BAC", "BAC") is None
    assert same_options("x = 5", "5") is None


def test_a_list_that_ends_in_something_else_takes_linear_time() -> None:
    assert growth(lambda n: read_options("A" + " B" * n + " z"), 6, 18) < 20
