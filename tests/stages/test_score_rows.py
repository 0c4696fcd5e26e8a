"""Rows of a file of completions, by the names that a run and other programs write."""

import json
from pathlib import Path
from typing import Any

import pytest

from whet.errors import UserError
from whet.stages.score_rows import completion_rows


def read(folder: Path, row: dict[str, Any], reads_answers: bool = False) -> dict[str, Any]:
    path = folder / "rows.jsonl"
    path.write_text(json.dumps(row), "utf-8")
    ((_, found),) = completion_rows(path, reads_answers)
    return found


@pytest.mark.parametrize(
    "row",
    [
        {"prompt": "2+2?", "completion": "4", "answer": "5"},
        {"question": "2+2?", "text": "4", "gold": "5"},  # a run's rollouts
        {"question": "2+2?", "response": "4", "gold": "5", "answer": "4"},  # a run's evaluations: answer is extracted
        {"input": "2+2?", "output": "4", "gts": "5", "score": 0.0},  # verl
        {"prompt": "2+2?", "completion": "4", "solution": "5"},  # TRL
    ],
)
def test_names_of_others(tmp_path: Path, row: dict[str, Any]) -> None:
    found = read(tmp_path, row)
    assert (found["prompt"], found["completion"], found["answer"]) == ("2+2?", "4", "5")


def test_two_completions_are_ambiguous(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="has no `completion`, but response and text: name one of them `completion`"):
        read(tmp_path, {"text": "a", "response": "b"})


def test_a_list_of_accepted_answers(tmp_path: Path) -> None:
    assert read(tmp_path, {"completion": "4", "answer": [4.0, "four"]})["answer"] == ["4", "four"]


def test_a_gold_answer_that_no_response_can_equal_is_refused(tmp_path: Path) -> None:
    page = {"completion": "4", "answer": "He has two of them, and then she gives him some more. " * 20}
    with pytest.raises(
        UserError, match=r"line 1: has a gold answer of 1080 characters in which none is marked, .* mark it by"
    ):
        read(tmp_path, page, reads_answers=True)
    assert read(tmp_path, page)["answer"] == page["answer"]
