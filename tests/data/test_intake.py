"""Broken and repeated rows are counted, named and limited."""

import logging

import pytest

from whet.data.fault import Fault, Row
from whet.data.intake import BrokenRowError, OtherRowError, collect, problem_id
from whet.errors import UserError
from whet.types import Problem


def convert(row: Row) -> Problem:
    if "a" not in row:
        raise BrokenRowError("has no 'a'")
    if row["a"] == "QED":
        raise OtherRowError("is a proof")
    return Problem(row["q"], row["q"], row["a"])


def numbered(count: int, **special: Row | Fault) -> list[tuple[int, Row | Fault]]:
    """Rows 1…count, some of them replaced: `row_7={}`."""
    plain: list[tuple[int, Row | Fault]] = [(i, {"q": f"q{i}", "a": str(i)}) for i in range(1, count + 1)]
    for name, row in special.items():
        number = int(name.removeprefix("row_"))
        plain[number - 1] = (number, row)
    return plain


def test_one_in_a_hundred_may_be_broken_and_is_said(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.WARNING, "whet.data"):
        problems = collect(numbered(100, row_17={"q": "x"}), convert, "train.jsonl")
    assert len(problems) == 99
    assert caplog.messages == ["train.jsonl: left out 1 of 100 rows as broken: row 17 has no 'a'"]


def test_more_than_one_in_a_hundred_is_refused() -> None:
    rows = numbered(100, row_17={"q": "x"}, row_60=Fault("is not JSON"))
    with pytest.raises(UserError) as refusal:
        collect(rows, convert, "train.jsonl")
    assert str(refusal.value) == (
        "train.jsonl: 2 of 100 rows are broken: row 17 has no 'a'; row 60 is not JSON; "
        "fix them, or allow more than 1% with params.max_broken"
    )
    assert len(collect(rows, convert, "train.jsonl", max_broken=0.02)) == 98


def test_only_the_first_few_are_named() -> None:
    rows = [(number, Fault("is not JSON")) for number in range(1, 11)]
    with pytest.raises(UserError, match="row 3 is not JSON; and 7 more"):
        collect(rows, convert, "x", max_broken=0.9)


def test_nothing_at_all_is_refused() -> None:
    with pytest.raises(UserError, match="x: has no rows; name other data"):
        collect([], convert, "x")


def test_repeated_questions_are_left_out_and_said(caplog: pytest.LogCaptureFixture) -> None:
    rows = numbered(5, row_3={"q": "q1", "a": "1"}, row_5={"q": "q2", "a": "other"})
    with caplog.at_level(logging.WARNING, "whet.data"):
        problems = collect(rows, convert, "x")
    assert [(p.question, p.answer) for p in problems] == [("q1", "1"), ("q2", "2"), ("q4", "4")]
    assert caplog.messages == ["x: left out 2 of 5 rows as repeated: row 3; row 5 (with another answer)"]


def test_a_clean_table_is_silent(caplog: pytest.LogCaptureFixture) -> None:
    assert len(collect(numbered(3), convert, "x")) == 3
    assert caplog.messages == []


def test_an_id_follows_the_question() -> None:
    assert problem_id("a", "1 + 1?") == problem_id("a", "1 + 1?")
    assert len({problem_id(source, q) for source in "ab" for q in ("1?", "2?")}) == 4


def test_rows_of_another_kind_are_left_out_and_said_however_many(caplog: pytest.LogCaptureFixture) -> None:
    proofs: dict[str, Row | Fault] = {f"row_{i}": {"q": f"p{i}", "a": "QED"} for i in range(1, 91)}
    with caplog.at_level(logging.WARNING, "whet.data"):
        assert len(collect(numbered(100, **proofs), convert, "train.jsonl")) == 10
    assert caplog.messages == [
        "train.jsonl: left out 90 of 100 rows as of no use: row 1 is a proof; row 2 is a proof; row 3 is a proof; "
        "and 87 more"
    ]


def test_a_file_of_nothing_else_is_refused() -> None:
    with pytest.raises(UserError, match="none of 1 rows is of use: row 1 is a proof; name other data"):
        collect([(1, {"q": "p", "a": "QED"})], convert, "train.jsonl")
