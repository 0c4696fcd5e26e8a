"""What data holds."""

from pathlib import Path

import pytest

from doubling import rows
from whet.errors import UserError
from whet.init.look import look


def test_a_file(tmp_path: Path) -> None:
    found = look(str(rows(tmp_path, 30, solution="doubling")))
    assert (found.count, found.has_test, found.worked) == (30, False, 30)
    *_, last = found.lines()
    assert last == "30 problems, without a test split; 30 of the first 30 with a worked solution"
    assert any("question from question, answer from answer" in line for line in found.lines())


def test_without_solutions(tmp_path: Path) -> None:
    assert look(str(rows(tmp_path, 5))).worked == 0


def test_an_endless_source() -> None:
    found = look("arithmetic")
    assert (found.count, found.has_test, len(found.problems)) == (None, True, 1000)
    assert found.lines()[-1].startswith("problems without end, with a test split")


def test_what_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"data\.train"):
        look(str(tmp_path / "none.jsonl"))
