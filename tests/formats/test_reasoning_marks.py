"""Marks of reasoning."""

import pytest

from whet.formats import BUILT_IN
from whet.formats.reasoning_marks import closing_of, opened_at_end, reasoning_end, without_marks
from whet.rewards.answer import find_answer, reasoning_is_open

TRACE = (
    "<|begin_of_thought|>\n\n3 + 4 = 7.\n\n<|end_of_thought|>\n\n<|begin_of_solution|>\n\nSo 7.\n\n<|end_of_solution|>"
)


@pytest.mark.parametrize(
    ("opening", "closing"),
    [("<think>\n", "</think>"), ("<thinking>", "</thinking>"), ("[THINK]\n", "[/THINK]")],
)
def test_what_closes_a_mark(opening: str, closing: str) -> None:
    assert closing_of(opening) == closing
    assert reasoning_is_open(f"{opening}It is 3.")
    assert not reasoning_is_open(f"{opening}It is 3.{closing} It is 4.")
    assert find_answer(f"{opening}The answer is 3.{closing}The answer is 4.") == "4"


def test_a_layout_with_marks_of_its_own_takes_no_others() -> None:
    assert " ".join(without_marks(TRACE).split()) == "3 + 4 = 7. So 7."
    made = BUILT_IN["think_answer"].render("[THINK]3 + 4 = 7.[/THINK]", "7")
    assert made == "<think>3 + 4 = 7.</think> <answer>7</answer>"


def test_a_thought_that_the_prompt_opened_is_closed_once() -> None:
    trace = "<think>3 + 4 = 7.</think>"
    assert BUILT_IN["boxed"].rest("<think>\n", trace, "7") == "3 + 4 = 7.\n</think>\n\n\\boxed{7}"
    assert BUILT_IN["boxed"].rest("[THINK]", "3 + 4 = 7.", "7") == "3 + 4 = 7.\n[/THINK]\n\n\\boxed{7}"
    assert BUILT_IN["boxed"].rest("", trace, "7") == trace + "\n\\boxed{7}"


def test_where_an_answer_may_begin() -> None:
    assert reasoning_end("no marks") == 0
    assert reasoning_end("<think>a</think>b[/THINK]c") == len("<think>a</think>b[/THINK]")


@pytest.mark.parametrize(
    ("prompt", "mark"),
    [
        ("a<think>\n", "<think>\n"),
        ("a[THINK]", "[THINK]"),
        ("a<think>b", ""),
        ("a<think></think>", ""),
        ("", ""),
    ],
)
def test_what_a_prompt_ends_in(prompt: str, mark: str) -> None:
    assert opened_at_end(prompt) == mark
