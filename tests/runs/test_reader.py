"""A run folder, read back."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from whet.errors import UserError
from whet.eval.record import Record
from whet.runs.jsonl import write
from whet.runs.reader import RunReader, is_run

RECORD = {
    "question": "2 + 2?",
    "gold": "4",
    "response": "4",
    "answer": "4",
    "correct": True,
    "lenient": True,
    "formatted": True,
    "tokens": 1,
    "finish": "stop",
}


def make_run(path: Path, created: str = "2026-01-01T00:00:00+00:00") -> Path:
    """A run folder written by hand, as docs/how-to/run-folder.md has it."""
    (path / "rollouts").mkdir(parents=True)
    (path / "eval").mkdir()
    (path / "recipe.yaml").write_text("seed: 0\n")
    (path / "manifest.json").write_text(json.dumps({"format": 1, "name": path.name, "created": created}))
    (path / "metrics.jsonl").write_text(
        '{"phase": "sft", "step": 0, "loss": 2.5}\n'
        '{"phase": "grpo", "step": 0, "reward": 0.5}\n'
        '{"phase": "grpo", "step": 1, "rew'
    )
    (path / "timings.jsonl").write_text('{"phase": "grpo", "step": 0, "at": "x", "seconds": 1.5}\n')
    (path / "health.jsonl").write_text('{"step": 0, "detector": "truncated", "figure": 0.5}\n{"step": 1, "det')
    (path / "rollouts" / "step-000000.jsonl").write_text('{"step": 0, "text": "a"}\n{"step": 0, "text": "b"}\n')
    (path / "rollouts" / "step-000010.jsonl").write_text('{"step": 10, "text": "c"}\n')
    (path / "rollouts" / ".step-000011.jsonl.x.tmp").write_text("half")
    for second, stage in enumerate(["before", "after", "again"]):
        (path / "eval" / f"{stage}.json").write_text(json.dumps({"accuracy": second / 4}))
        (path / "eval" / f"{stage}.jsonl").write_text(json.dumps({**RECORD, "id": stage}) + "\n")
        os.utime(path / "eval" / f"{stage}.json", (second, second))
    (path / "eval" / "unfinished.jsonl").write_text("{}\n")
    (path / "train.log").write_text("one\n")
    return path


def test_everything_that_is_there_is_read(tmp_path: Path) -> None:
    run = RunReader(make_run(tmp_path / "r"))
    assert run.name == "r"
    assert run.recipe == "seed: 0\n"
    assert run.manifest["created"].startswith("2026")
    assert run.metrics() == [{"phase": "grpo", "step": 0, "reward": 0.5}]
    assert run.metrics("sft") == [{"phase": "sft", "step": 0, "loss": 2.5}]
    assert run.timings()[0]["seconds"] == 1.5
    assert run.findings() == [{"step": 0, "detector": "truncated", "figure": 0.5}]
    assert run.rollout_steps() == [0, 10]
    assert [rollout["text"] for rollout in run.rollouts(0)] == ["a", "b"]
    assert run.rollouts(5) == []
    assert run.records("after") == {"after": Record.from_dict({**RECORD, "id": "after"})}
    assert run.log() == "one\n"
    assert run.checkpoints == tmp_path / "r" / "checkpoints"


def test_evaluations_come_in_the_order_they_were_made_and_only_finished_ones(tmp_path: Path) -> None:
    assert list(RunReader(make_run(tmp_path / "r")).evaluations()) == ["before", "after", "again"]


def test_a_reader_that_is_kept_sees_what_is_added_and_what_a_rewind_takes_back(tmp_path: Path) -> None:
    run = RunReader(make_run(tmp_path / "r"))
    assert len(run.metrics()) == 1
    with (run.path / "metrics.jsonl").open("a") as file:
        file.write('ard": 0.75}\n')
    assert [line["reward"] for line in run.metrics()] == [0.5, 0.75]
    write(run.path / "metrics.jsonl", [{"phase": "grpo", "step": 0, "reward": 0.25}])
    assert [line["reward"] for line in run.metrics()] == [0.25]
    assert run.metrics("sft") == []


def test_what_is_not_there_yet_is_empty(tmp_path: Path) -> None:
    (tmp_path / "recipe.yaml").write_text("")
    (tmp_path / "manifest.json").write_text('{"format": 1}')
    run = RunReader(tmp_path)
    assert (run.metrics(), run.findings(), run.timings(), run.rollout_steps(), run.evaluations(), run.log()) == (
        [],
        [],
        [],
        [],
        {},
        "",
    )
    assert (run.final, run.owner, run.records("before")) == (None, None, {})
    (tmp_path / "final").mkdir()
    assert run.final == tmp_path / "final"


def test_the_owner_is_told(tmp_path: Path) -> None:
    run = RunReader(make_run(tmp_path / "r"))
    (run.path / "owner.json").write_text('{"pid": 7, "host": "h", "since": "s"}')
    assert run.owner == {"pid": 7, "host": "h", "since": "s"}


def test_what_is_no_run_or_of_another_format_is_refused(tmp_path: Path) -> None:
    assert not is_run(tmp_path)
    with pytest.raises(UserError, match="not a run folder"):
        RunReader(tmp_path)
    path = make_run(tmp_path / "r")
    (path / "manifest.json").write_text('{"format": 2}')
    with pytest.raises(UserError, match=r"format 2.*reads 1"):
        RunReader(path)


@pytest.mark.parametrize("text", ["{", "[]", "\xff"])
def test_a_broken_manifest_is_named(tmp_path: Path, text: str) -> None:
    path = make_run(tmp_path / "r")
    (path / "manifest.json").write_bytes(text.encode("latin-1"))
    with pytest.raises(UserError, match=r"manifest\.json: not"):
        RunReader(path)


def test_reading_imports_no_torch() -> None:
    code = "import sys, whet.runs.reader; print('torch' in sys.modules, 'rich' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "False False\n"
