"""Conditions on the problems of a source, on real rows too."""

from collections import Counter
from itertools import count
from pathlib import Path
from typing import Any

import pytest

from whet.config.data import KeepConfig
from whet.data.arithmetic import Arithmetic
from whet.data.gsm8k import load_gsm8k
from whet.data.hendrycks_math import load_math500
from whet.data.keep import answer_type, kept, level_of
from whet.errors import UserError
from whet.types import Problem


def problem(question: str = "q", answer: str = "1", solution: str = "", **columns: Any) -> Problem:
    return Problem(question, question, answer, solution, "mine", columns)


def take(problems: list[Problem], limit: int | None = None, **keep: Any) -> list[Problem]:
    return kept(problems, KeepConfig(**keep), limit)


@pytest.mark.parametrize(
    ("answer", "kind"),
    [
        ("42", "number"),
        ("-1,080.50", "number"),
        (".5", "number"),
        ("C", "choice"),
        ("(B)", "choice"),
        (r"\text{(E)}", "choice"),
        (r"\textbf{(A)}", "choice"),
        ("east", "text"),
        (r"\text{Evelyn}", "text"),
        ("Monday, at noon", "text"),
        (r"\frac{3}{4}", "latex"),
        ("x", "latex"),
        ("x + 1", "latex"),
        ("1, 2", "latex"),
        (r"90^\circ", "latex"),
        ("", "latex"),
    ],
)
def test_kinds_of_answers(answer: str, kind: str) -> None:
    assert answer_type(answer) == kind


def test_kinds_of_the_real_answers(shared: Path) -> None:
    kinds = Counter(answer_type(one.answer) for one in load_math500("test", str(shared / "math500")))
    assert abs(kinds["number"] - 318) <= 1  # counted by another rule in the README of these rows
    assert (kinds["choice"], kinds["text"]) == (3, 5)  # counted by hand
    assert {answer_type(one.answer) for one in load_gsm8k("test", str(shared / "gsm8k"))} == {"number"}


def test_levels_of_the_real_rows(shared: Path) -> None:
    problems = load_math500("test", str(shared / "math500"))
    levels = Counter(one.columns["level"] for one in problems)
    assert len(take(problems, lowest_level=2, highest_level=3)) == levels[2] + levels[3]
    assert len(take(problems, highest_level=1)) == levels[1]


def test_lengths() -> None:
    problems = [problem("q" * n, solution="s" * (10 - n)) for n in range(1, 11)]
    assert [len(one.question) for one in take(problems, shortest_question=4, longest_question=6)] == [4, 5, 6]
    assert [len(one.solution) for one in take(problems, shortest_solution=8)] == [9, 8]
    assert [len(one.solution) for one in take(problems, longest_solution=1)] == [1, 0]
    assert [len(one.question) for one in take(problems, limit=2, shortest_question=4)] == [4, 5]


def test_answers() -> None:
    problems = [problem("a", "1"), problem("b", "C"), problem("c", "x^2")]
    assert [one.id for one in take(problems, answers=["number", "latex"])] == ["a", "c"]


@pytest.mark.parametrize(
    ("value", "level"),
    [(3, 3.0), (0.25, 0.25), ("Level 5", 5.0), (" 2 ", 2.0), ("hard", None), (None, None), (True, None)],
)
def test_what_a_level_is(value: object, level: float | None) -> None:
    assert level_of(problem(level=value), "level") == level


def test_another_column_may_say_how_hard_a_problem_is() -> None:
    problems = [problem(str(rate), pass_rate=rate / 10) for rate in range(11)]
    found = take(problems, level="pass_rate", lowest_level=0.2, highest_level=0.4)
    assert [one.question for one in found] == ["2", "3", "4"]


def test_a_column_that_is_not_there_is_refused_with_those_that_are() -> None:
    with pytest.raises(UserError, match=r"keep.level: q has no number in 'level'; its columns are levl, x; did you"):
        take([problem(levl=3, x=1)], lowest_level=1)


def test_nothing_left_names_the_conditions() -> None:
    with pytest.raises(UserError, match="keep: none of the problems meets shortest_question, answers; loosen"):
        take([problem()], shortest_question=9, answers=["text"])


def test_an_endless_source_is_looked_through_up_to_the_limit() -> None:
    keep = KeepConfig(longest_question=len("What is 1 + 1?"))
    short = kept(Arithmetic(level=1), keep, 20)
    assert len(short) == 20
    first = (one for one in (Arithmetic(level=1)[i] for i in count()) if len(one.question) <= 14)
    assert short == [next(first) for _ in range(20)]
    with pytest.raises(UserError, match="endless, so keep needs a limit"):
        kept(Arithmetic(), keep)
    with pytest.raises(UserError, match="none of the problems meets longest_question"):
        kept(Arithmetic(), KeepConfig(longest_question=3), 5)
