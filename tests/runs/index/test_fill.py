"""The index equals a plain reading of the files, and follows them."""

import json
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from page_runs import RIGHT, lines, page_run, record, step_records, write_rollouts
from whet.formats import BUILT_IN
from whet.runs.index.fill import fill, mean_logprob, progress
from whet.runs.index.judge_rollout import judge_by
from whet.runs.index.step_file import read_line

JUDGE = judge_by(BUILT_IN["think_answer"], ("accuracy",))


@pytest.fixture
def run(tmp_path: Path) -> Path:
    return page_run(tmp_path / "r")


def index_of(run: Path) -> Path:
    return run / ".cache" / "index.sqlite"


def rows(run: Path, query: str) -> list[tuple[Any, ...]]:
    with closing(sqlite3.connect(index_of(run))) as connection:
        return connection.execute(query).fetchall()


def test_every_rollout_stands_in_the_index_as_in_the_files(run: Path) -> None:
    found = fill(run, index_of(run), JUDGE)
    assert (found.steps, found.of, found.whole) == (4, 4, True)
    query = """SELECT r.step, grp, sample, name, reward, advantage, logprob, length, finish, correct, answer, parts,
        signal FROM rollouts r JOIN problems p ON p.id = r.problem ORDER BY r.step, grp, sample"""
    expected = []
    for one in (one for step in range(4) for one in step_records(step)):
        right = one["sample"] < RIGHT[one["step"]][one["group"]]
        cut = one["finish"] == "length"
        answer = one["text"].rpartition("<answer>")[2].removesuffix("</answer>")
        mean = {2: -0.5, 3: -0.5}[len(one["tokens"])]
        signal = RIGHT[one["step"]][one["group"]] in (1, 2, 3)
        expected.append(
            (
                *(one["step"], one["group"], one["sample"], one["problem"], one["reward"], one["advantage"], mean),
                *(len(one["tokens"]), one["finish"], right, None if cut else answer, json.dumps(one["parts"]), signal),
            )
        )
    assert rows(run, query) == expected


def test_the_place_of_a_row_leads_back_to_its_line(run: Path) -> None:
    fill(run, index_of(run), JUDGE)
    for step, group, sample, start, size in rows(run, "SELECT step, grp, sample, start, bytes FROM rollouts"):
        assert read_line(run, step, start, size) == record(step, group, sample)


def test_new_steps_are_added_and_nothing_is_read_twice(run: Path) -> None:
    for step in (2, 3):
        (run / "rollouts" / f"step-{step:06d}.jsonl").unlink()
    fill(run, index_of(run), JUDGE)
    write_rollouts(run, 2)
    before = progress(run, index_of(run))
    assert (before.steps, before.of, before.stale) == (2, 3, (2,))
    asked: list[int] = []

    def judge(one: Any) -> Any:
        asked.append(one["step"])
        return JUDGE(one)

    assert fill(run, index_of(run), judge).whole
    assert set(asked) == {2}


def test_a_rewound_run_loses_what_was_taken_away(run: Path, tmp_path: Path) -> None:
    fill(run, index_of(run), JUDGE)
    for step in (2, 3):
        (run / "rollouts" / f"step-{step:06d}.jsonl").unlink()
    (run / "rollouts" / "step-000001.jsonl").write_text(lines(step_records(1)[:4]))
    assert fill(run, index_of(run), JUDGE).whole
    other = page_run(tmp_path / "other", steps=2)
    (other / "rollouts" / "step-000001.jsonl").write_text(lines(step_records(1)[:4]))
    fill(other, index_of(other), JUDGE)
    for table in ("rollouts", "visits", "totals", "files"):
        assert sorted(rows(run, f"SELECT * FROM {table}")) == sorted(rows(other, f"SELECT * FROM {table}"))


def test_a_half_written_last_line_is_left_out_until_it_is_whole(run: Path) -> None:
    path = run / "rollouts" / "step-000003.jsonl"
    whole = path.read_bytes()
    path.write_bytes(whole[:-20])
    fill(run, index_of(run), JUDGE)
    assert rows(run, "SELECT count(*) FROM rollouts WHERE step = 3") == [(7,)]
    path.write_bytes(whole)
    fill(run, index_of(run), JUDGE)
    assert rows(run, "SELECT count(*) FROM rollouts WHERE step = 3") == [(8,)]


def test_it_stops_when_its_time_is_over_and_goes_on_later(run: Path) -> None:
    assert fill(run, index_of(run), JUDGE, seconds=0.0).steps == 0
    assert fill(run, index_of(run), JUDGE).whole


def test_a_damaged_index_is_built_again(run: Path) -> None:
    fill(run, index_of(run), JUDGE)
    before = rows(run, "SELECT * FROM rollouts")
    index_of(run).write_bytes(b"rubbish" * 1000)
    assert progress(run, index_of(run)).steps == 0
    assert fill(run, index_of(run), JUDGE).whole
    assert rows(run, "SELECT * FROM rollouts") == before


def test_a_run_without_rollouts_is_whole_at_once(tmp_path: Path) -> None:
    assert fill(tmp_path, tmp_path / "i.sqlite", JUDGE).whole
    assert progress(tmp_path, tmp_path / "none.sqlite").of == 0


def test_lone_surrogates_and_missing_keys_are_no_obstacle(run: Path) -> None:
    odd = {
        "step": 4,
        "group": 0,
        "sample": 0,
        "problem": "\ud800x",
        "question": "\udfff?",
        "text": "<answer>\ud800</answer>",
    }
    (run / "rollouts" / "step-000004.jsonl").write_text(json.dumps(odd) + "\n")
    assert fill(run, index_of(run), JUDGE).whole
    assert rows(run, "SELECT reward, length, correct FROM rollouts WHERE step = 4") == [(None, 0, None)]


def test_log_probabilities_of_tools_do_not_count() -> None:
    assert mean_logprob({"logprobs": [-1.0, -9.0, -2.0], "loss_mask": [True, False, True]}) == -1.5
    assert mean_logprob({"logprobs": []}) is None
    assert mean_logprob({"logprobs": [None, -2.0]}) == -2.0
