"""What is read out of worked solutions."""

import pytest

from whet.data.intake import BrokenRowError, OtherRowError
from whet.data.worked_solution import boxed_answer, text_in, without_programs


def test_the_last_balanced_box_is_the_answer() -> None:
    assert boxed_answer(r"\boxed{1}, then \boxed{\frac{2}{3}}.") == r"\frac{2}{3}"
    assert boxed_answer(r"\boxed{7} and \boxed{8") == "7"
    assert boxed_answer(r"\boxed{7} and \boxed{ }") == "7"


@pytest.mark.parametrize("text", ["", "It follows. QED", r"\boxed{8", r"\boxed{}"])
def test_a_solution_without_a_boxed_answer_is_another_kind_of_row(text: str) -> None:
    with pytest.raises(OtherRowError, match="no answer in a box"):
        boxed_answer(text)


@pytest.mark.parametrize(
    ("value", "said"), [(None, "no problem"), (3, "no problem"), (" ", "no problem"), ("\ud800", "surrogate")]
)
def test_a_row_without_text_is_broken(value: object, said: str) -> None:
    with pytest.raises(BrokenRowError, match=said):
        text_in({"problem": value}, "problem")


def test_text_is_stripped() -> None:
    assert text_in({"problem": " 1 + 1?\n"}, "problem") == "1 + 1?"


def test_programs_and_what_they_print_are_left_out() -> None:
    text = "First.\n```python\nx = '``'\n```\n```output\n3\n```\n\nThen.\n```python\ny\n```\n```output\n4\n```\nSo 4."
    assert without_programs(text) == "First.\n\nThen.\nSo 4."


def test_a_fence_that_never_closes_stays() -> None:
    assert without_programs("Look:\n```python\nprint(1)") == "Look:\n```python\nprint(1)"
