"""Conversations as data sets have them."""

import json
from pathlib import Path
from typing import Any

import pytest

from whet.config import SourceConfig
from whet.data.intake import BrokenRowError
from whet.data.load_data import load_source
from whet.data.turns import content_text, turns_of
from whet.types import Problem

ASKED, SAID = "How many apples are 3 and 4?", "3 + 4 = 7, so the box holds all of them.\nThe answer is 7."


def load(row: dict[str, Any], folder: Path) -> Problem:
    (folder / "x.jsonl").write_text(json.dumps(row) + "\n" + json.dumps(row))
    return load_source(SourceConfig(name=str(folder / "x.jsonl")), "train", 0)[0]


@pytest.mark.parametrize(
    "row",
    [
        {"conversations": [{"from": "human", "value": ASKED}, {"from": "gpt", "value": SAID}]},
        {"messages": [{"role": "user", "content": ASKED}, {"role": "assistant", "content": SAID}]},
        {
            "messages": [
                {"role": "system", "content": "Add."},
                {"role": "user", "content": [{"type": "text", "text": ASKED}]},
                {"role": "assistant", "content": [{"type": "text", "text": SAID}]},
            ]
        },
        {"messages": json.dumps([{"role": "user", "content": ASKED}, {"role": "assistant", "content": SAID}])},
        {"prompt": [{"role": "user", "content": ASKED}], "completion": [{"role": "assistant", "content": SAID}]},
        {"prompt": json.dumps([{"role": "user", "content": ASKED}]), "extra_info": json.dumps({"answer": 7})},
        {"prompt": [{"role": "user", "content": ASKED}], "reward_model": {"style": "rule", "ground_truth": "7"}},
    ],
)
def test_every_form_gives_question_and_answer(row: dict[str, Any], tmp_path: Path) -> None:
    problem = load(row, tmp_path)
    assert (problem.question, problem.answer) == (ASKED, "7")


def test_a_worked_reply_is_the_solution(tmp_path: Path) -> None:
    row = {"conversations": [{"from": "human", "value": ASKED}, {"from": "gpt", "value": SAID}]}
    assert load(row, tmp_path).solution == "3 + 4 = 7, so the box holds all of them."


def test_other_values_are_no_conversation() -> None:
    assert [turns_of(value) for value in ("text", "[1, 2]", 7, [], [{"a": 1}], None)] == [None] * 6
    assert turns_of({"role": "user", "content": "1?"}) == [("user", "1?")]


@pytest.mark.parametrize("content", [[{"type": "image_url", "image_url": "x"}], [7], None, {"type": "image"}])
def test_parts_that_are_no_text_are_named(content: Any) -> None:
    with pytest.raises(BrokenRowError, match="no text"):
        content_text(content)


def test_reasoning_beside_the_content_of_the_last_turn_comes_first() -> None:
    asked = {"role": "user", "content": "1 + 1?"}
    reply = {"role": "assistant", "content": "2", "reasoning_content": "1 + 1 = 2."}
    assert turns_of([asked, reply]) == [("user", "1 + 1?"), ("assistant", "<think>1 + 1 = 2.</think>\n2")]
    assert turns_of([asked, {**reply, "reasoning_content": None}]) == [("user", "1 + 1?"), ("assistant", "2")]
