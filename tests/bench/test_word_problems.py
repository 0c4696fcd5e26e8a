"""Word problems, solved again from their text."""

import re
from itertools import islice
from operator import add, mul, sub

import pytest

from benchmarks.word_problems import THINGS, rows

WORTH = {"+": add, "-": sub, "*": mul}


def solved(question: str) -> int:
    """The answer, from the words of the question alone."""
    a, b, *rest = map(int, re.findall(r"\d+", question))
    if "boxes" in question:
        return a * b
    if "left" in question:
        return a - b
    if "more" in question and "together" in question:
        return a + (a + b)
    return a + b - rest[0] if rest else a + b


def test_answers_are_right_and_rows_differ() -> None:
    some = list(islice(rows("result"), 300))
    assert all(int(row["answer"]) == solved(row["question"]) for row in some)
    assert len({row["question"] for row in some}) == 300
    assert all(row["solution"] == row["answer"] for row in some)
    assert min(int(row["answer"]) for row in some) > 0


def test_equations_hold_and_end_with_the_answer() -> None:
    for row in islice(rows("equations"), 100):
        for equation in row["solution"].split(", "):
            left, right = equation.split(" = ")
            assert eval(left) == int(right)
        assert right == row["answer"]


def test_stories_are_those_that_were_named() -> None:
    some = list(islice(rows("result", ["plus", "both"]), 300))
    assert all(int(row["answer"]) == solved(row["question"]) for row in some)
    assert {"plus" in row["question"] for row in some} == {True, False}
    assert all("plus" in row["question"] or "together" in row["question"] for row in some)


def test_rows_end_where_a_story_has_no_more() -> None:
    assert len(list(rows("result", ["plus"]))) == 8 * 8 * len(THINGS)  # 2 to 9, twice


@pytest.mark.parametrize("solutions", ["result", "equations"])
def test_the_questions_are_the_same_each_time(solutions: str) -> None:
    assert list(islice(rows(solutions), 20)) == list(islice(rows(solutions), 20))
    assert [row["question"] for row in islice(rows(solutions), 20)] == [
        row["question"] for row in islice(rows("result"), 20)
    ]
