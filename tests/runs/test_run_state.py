"""What a run is doing, from its owner and the end of its log."""

import json
import os
import socket
import subprocess
import sys
import time
from datetime import UTC, datetime
from pathlib import Path

import pytest

from whet.runs.run_state import QUIET, is_alive, state_of

STAMP = "2026-11-27T03:45:08+00:00"


def log(folder: Path, *texts: str) -> Path:
    folder.mkdir(exist_ok=True)
    (folder / "train.log").write_text("".join(f"{STAMP} {text}\n" for text in texts))
    return folder


def own(folder: Path, pid: int, since: str | None = None, host: str | None = None) -> None:
    owner = {"pid": pid, "host": host or socket.gethostname(), "since": since or datetime.now(UTC).isoformat()}
    (folder / "owner.json").write_text(json.dumps(owner))


@pytest.mark.parametrize(
    ("last", "state", "why"),
    [
        ("finished", "finished", None),
        ("stopped: rewards: 3 of 8 gold solutions fail", "stopped", "rewards: 3 of 8 gold solutions fail"),
        ("interrupted; `whet resume runs/a` goes on", "interrupted", None),
        ("failed:\nTraceback (most recent call last):\n  File x\nValueError: no", "failed", "ValueError: no"),
        ("[GRPO 3/9]  reward 0.1", "killed", None),
    ],
)
def test_how_a_run_ended_is_in_its_log(tmp_path: Path, last: str, state: str, why: str | None) -> None:
    found = state_of(log(tmp_path / "r", "[Load]", last))
    assert (found.state, found.why, found.phase) == (state, why, None)


def test_a_run_that_was_resumed_and_ended_counts_by_its_last_line(tmp_path: Path) -> None:
    folder = log(tmp_path / "r", "stopped: something", "[Load]", "finished")
    assert state_of(folder).state == "finished"


def test_a_living_owner_is_a_running_run_with_its_phase(tmp_path: Path) -> None:
    folder = log(tmp_path / "r", "[Load]", "[Evaluate the base model 6/6]  accuracy 0 %", "[GRPO 1/25]  reward 0.1")
    own(folder, os.getpid())
    found = state_of(folder)
    assert (found.state, found.phase) == ("running", "GRPO")
    log(folder, "[Evaluate the base model]", "a note")
    assert state_of(folder).phase == "Evaluate the base model"


def test_a_dead_owner_was_killed(tmp_path: Path) -> None:
    child = subprocess.Popen([sys.executable, "-c", ""])
    child.wait()
    folder = log(tmp_path / "r", "[GRPO 1/25]")
    own(folder, child.pid)
    assert state_of(folder).state == "killed"


def test_a_later_process_with_the_same_id_is_no_owner(tmp_path: Path) -> None:
    folder = log(tmp_path / "r", "[GRPO 1/25]")
    own(folder, os.getpid(), since="2001-01-01T00:00:00+00:00")
    assert state_of(folder).state == "killed"


def test_on_another_machine_recent_writes_count(tmp_path: Path) -> None:
    folder = log(tmp_path / "r", "[GRPO 1/25]")
    own(folder, 1, host="elsewhere")
    assert state_of(folder).state == "running"
    old = time.time() - QUIET - 60
    os.utime(folder / "train.log", (old, old))
    assert state_of(folder).state == "killed"


def test_owners_of_strange_form_are_dead(tmp_path: Path) -> None:
    here = socket.gethostname()
    for owner in (None, {}, {"host": here}, {"host": here, "pid": "x", "since": "y"}, {"host": here, "pid": -5}):
        assert not is_alive(owner, tmp_path)


def test_without_a_log_nothing_is_known(tmp_path: Path) -> None:
    assert state_of(tmp_path).state == "killed"
