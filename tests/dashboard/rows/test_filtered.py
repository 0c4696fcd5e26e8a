"""Filters over all steps, against a plain reading of the files."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from page_runs import RIGHT, page_run, step_records
from whet.dashboard.open_run import OpenRun
from whet.dashboard.rows.filtered import rollouts
from whet.errors import UserError

EVERYTHING = [record for step in range(4) for record in step_records(step)]


@pytest.fixture
def run(tmp_path: Path) -> OpenRun:
    run = OpenRun(page_run(tmp_path / "r"))
    run.index.build()
    return run


def places(found: dict[str, Any]) -> list[tuple[int, int, int]]:
    return [(row["step"], row["group"], row["sample"]) for row in found["rows"]]


def right(record: dict[str, Any]) -> bool:
    return bool(record["parts"]["accuracy"])


@pytest.mark.parametrize(
    ("conditions", "holds"),
    [
        ({}, lambda r: True),
        ({"from": 1, "to": 2}, lambda r: 1 <= r["step"] <= 2),
        ({"finish": "length"}, lambda r: r["finish"] == "length"),
        ({"correct": 1}, right),
        ({"correct": 0, "finish": "stop"}, lambda r: not right(r) and r["finish"] == "stop"),
        ({"signal": 0}, lambda r: RIGHT[r["step"]][r["group"]] in (0, 4)),
        ({"problem": "p-1"}, lambda r: r["problem"] == "p-1"),
        ({"problem": "p-1' OR 1=1 --"}, lambda r: False),
        ({"answer": "42"}, lambda r: "<answer>42<" in r["text"]),
        ({"min": 0.5}, right),
        ({"part": "accuracy", "max": 0.5}, lambda r: not right(r)),
        ({"part": "length", "min": 3, "max": 3}, lambda r: len(r["tokens"]) == 3),
        ({"part": "advantage", "min": 0}, lambda r: r["advantage"] > 0),
    ],
)
def test_conditions_pick_what_a_plain_reading_picks(
    run: OpenRun, conditions: dict[str, Any], holds: Callable[[dict[str, Any]], bool]
) -> None:
    expected = [(r["step"], r["group"], r["sample"]) for r in EVERYTHING if holds(r)]
    found = rollouts(run, conditions, sort="step", limit=100)
    assert places(found) == expected
    assert found["total"] == len(expected)
    assert found["indexed"]["whole"]


def test_pages_follow_each_other(run: OpenRun) -> None:
    whole = places(rollouts(run, {}, sort="step", limit=100))
    pages = [places(rollouts(run, {}, sort="step", offset=at, limit=5)) for at in range(0, 32, 5)]
    assert [one for page in pages for one in page] == whole


def test_sorts(run: OpenRun) -> None:
    assert places(rollouts(run, {}, limit=1)) == [(3, 0, 0)]
    rewards = [row["reward"] for row in rollouts(run, {}, sort="-reward", limit=32)["rows"]]
    assert rewards == sorted(rewards, reverse=True)
    assert rollouts(run, {}, sort="-length", limit=1)["rows"][0]["tokens"] == 3
    assert rollouts(run, {}, sort="length", limit=1)["rows"][0]["tokens"] == 2


def test_a_row_is_a_card_with_its_question(run: OpenRun) -> None:
    (row,) = rollouts(run, {"finish": "length"})["rows"]
    assert (row["question"], row["gold"], row["problem"]) == ("What is 40 + 2?", "42", "p-1")
    assert (row["text"], row["correct"], row["answer"]) == ("<think>I go on", False, None)


@pytest.mark.parametrize("sort", ["colour", "--step", "step; DROP TABLE rollouts", ""])
def test_an_unknown_sort_is_refused(run: OpenRun, sort: str) -> None:
    with pytest.raises(UserError, match=r"^sort: is "):
        rollouts(run, {}, sort=sort)


def test_an_unknown_part_is_refused_with_a_hint(run: OpenRun) -> None:
    with pytest.raises(UserError, match=r"part: is 'acuracy'; it must be one of .*accuracy"):
        rollouts(run, {"part": "acuracy", "min": 1})


def test_a_file_that_changed_since_it_was_indexed_costs_its_rows_alone(run: OpenRun) -> None:
    (run.path / "rollouts" / "step-000000.jsonl").write_text("{}\n")
    with run.index.reading() as index:
        assert index is not None
    assert {row["step"] for row in rollouts(run, {}, sort="step", limit=100)["rows"]} <= {1, 2, 3}
