"""The letter of an option, in a label or in prose."""

import pytest

from whet.rewards.extraction.option_letters import chosen_letter, concluded, leading_letter, letters, option_text


@pytest.mark.parametrize(
    ("text", "letter"),
    [
        ("(C) 42", "C"),
        ("C) 90", "C"),
        ("C: 42", "C"),
        ("Option C", "C"),
        ("c", "C"),
        ("B because 4 is even", "B"),
        ("\\text{(D)}", "D"),
        ("A triangle", ""),
        ("I think so", ""),
        ("Berlin", ""),
    ],
)
def test_leading(text: str, letter: str) -> None:
    assert leading_letter(text) == letter


@pytest.mark.parametrize(
    ("text", "letter"),
    [
        ("Hence (B) is correct", "B"),
        ("I would go with A", "A"),
        ("Option B is the answer", "B"),
        ("A C B", ""),
        ("A or B", ""),
        ("B/C", ""),
        ("B, it may also be C", ""),
        ("so $A = 5$", ""),
    ],
)
def test_chosen(text: str, letter: str) -> None:
    assert chosen_letter(text) == letter


def test_articles_and_pronouns_are_no_options() -> None:
    assert letters("A man and I walk, so (D)") == ["D"]


@pytest.mark.parametrize("text", ["Everything but D", "anything but (D)", "all but D"])
def test_all_but_one_is_not_that_one(text: str) -> None:
    assert chosen_letter(text) == ""


@pytest.mark.parametrize(
    ("text", "clause"),
    [
        ("B is odd, D is odd, so C is prime", "C is prime"),
        ("Not B, not D, hence C", "C"),
        ("It is C, so B is wrong", "It is C, so B is wrong"),
        ("A is out, so B or C", "A is out, so B or C"),
        ("C", "C"),
    ],
)
def test_concluded(text: str, clause: str) -> None:
    assert concluded(text) == clause


@pytest.mark.parametrize(
    ("text", "behind"),
    [
        (r"\textbf{(D) } \sqrt{2}", r"\sqrt{2}"),
        (r"\textbf{(D)}\quad 14", "14"),
        (r"\mathrm{(D)}~14", "14"),
        (r"(\text{D})\ 14", "14"),
        (r"\text{D. green}", "green"),
        ("D) 14", "14"),
        ("(D)", "(D)"),
        ("Dogs", "Dogs"),
        ("D", "D"),
    ],
)
def test_option_text(text: str, behind: str) -> None:
    assert option_text(text) == behind
