"""A rollout as a card, and its tokens."""

from pathlib import Path
from typing import Any

import pytest

from page_runs import page_run, record
from whet.dashboard.open_run import OpenRun
from whet.dashboard.rows.samples import group_head, sample, token_columns


@pytest.fixture
def run(tmp_path: Path) -> OpenRun:
    return OpenRun(page_run(tmp_path / "r"))


def test_a_card_has_what_is_to_be_seen_of_a_rollout(run: OpenRun) -> None:
    assert sample(run, record(0, 0, 1), 5) == {
        "sample": 1,
        "reward": 0.0,
        "parts": {"accuracy": 0.0},
        "advantage": -0.5,
        "finish": "stop",
        "tokens": 3,
        "answer": "4",
        "correct": False,
        "text": "<thin",
        "cut": True,
        "replayed": False,
        "logprob": -0.5,
        "tools": False,
    }


def test_tokens_of_a_tool_are_told_of(run: OpenRun) -> None:
    one = record(0, 0, 1) | {"loss_mask": [True, False, True], "replayed": True}
    card = sample(run, one)
    assert (card["tools"], card["replayed"], card["logprob"]) == (True, True, -0.375)
    assert token_columns(run, one)["mask"] == [True, False, True]


def test_what_was_not_recorded_is_none(run: OpenRun) -> None:
    found = token_columns(run, record(0, 0, 0))
    assert (found["ids"], found["logprobs"], found["mask"]) == ([11, 12], [-0.25, -0.75], None)
    assert all(found[key] is None for key in ("texts", "entropy", "ratio", "clipped", "advantages"))


def test_a_column_of_another_length_is_not_shown(run: OpenRun) -> None:
    found = token_columns(run, record(0, 0, 0) | {"logprobs": [-1.0], "entropy": [0.5, 0.25]})
    assert (found["logprobs"], found["entropy"]) == (None, [0.5, 0.25])


def test_the_head_of_a_group(run: OpenRun) -> None:
    records = [record(0, 0, number) for number in range(4)]
    head = group_head(records, [sample(run, one) for one in records])
    assert (head["right"], head["n"], head["mean"], head["signal"]) == (1, 4, 0.25, True)
    assert head["spread"] == pytest.approx((3 / 16) ** 0.5)
    assert head["share"]["value"] == 0.25


def test_a_group_without_verdicts_or_rewards(run: OpenRun) -> None:
    records: list[dict[str, Any]] = [record(0, 0, 0) | {"parts": {}, "reward": None}]
    head = group_head(records, [sample(run, one) for one in records])
    assert (head["right"], head["share"], head["mean"], head["spread"], head["signal"]) == (
        None,
        None,
        None,
        None,
        False,
    )
