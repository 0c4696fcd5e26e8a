"""A run that the system killed for memory is known by what it left, and goes on with smaller micro-batches."""

import json
import os
import time
from pathlib import Path

import pytest

from whet.config import Config
from whet.policy.free_memory import Memory
from whet.recipe import make_recipe
from whet.runs.lock import FolderLock
from whet.train_loop import memory_watch
from whet.train_loop.memory_watch import (
    Shortage,
    killed_for_memory,
    shortage,
    watched_memory,
    with_smaller_micro_batches,
)

GB = 10**9


def left_behind(run: Path, pid: int, shortage_of: int) -> None:
    """What a killed process leaves: its record of the lock, and the shortage that a process saw."""
    (run / "owner.json").write_text(json.dumps({"pid": pid, "host": "here", "since": "?"}))
    (run / "memory.json").write_text(json.dumps({"pid": shortage_of, "free": 9, "total": 100, "resident": 80}))


@pytest.mark.parametrize(
    ("available", "resident", "short"),
    [(1 * GB, 12 * GB, True), (3 * GB, 12 * GB, False), (1 * GB, 2 * GB, False)],
    ids=["short", "enough is free", "others have it"],
)
def test_memory_is_short_where_little_is_free_and_this_process_has_much(
    available: int, resident: int, short: bool
) -> None:
    found = shortage(Memory(total=24 * GB, available=available), resident)
    assert found == (Shortage(os.getpid(), available, 24 * GB, resident) if short else None)


def test_a_killed_process_that_was_short_of_memory(tmp_path: Path) -> None:
    left_behind(tmp_path, 41, 41)
    assert killed_for_memory(tmp_path) == Shortage(41, 9, 100, 80)


def test_other_ends(tmp_path: Path) -> None:
    """A clean end; a death with memory enough; a shortage of an earlier process; a damaged record."""
    assert killed_for_memory(tmp_path) is None
    left_behind(tmp_path, 41, 40)
    assert killed_for_memory(tmp_path) is None
    left_behind(tmp_path, 41, 41)
    (tmp_path / "memory.json").write_text("{")
    assert killed_for_memory(tmp_path) is None
    left_behind(tmp_path, 41, 41)
    with FolderLock(tmp_path):
        pass
    assert killed_for_memory(tmp_path) is None


def test_the_least_free_memory_is_kept_while_it_is_short(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    seen = [Memory(100, 50), Memory(100, 9), Memory(100, 3), Memory(100, 8)]
    monkeypatch.setattr(memory_watch, "resident_bytes", lambda: 80)
    monkeypatch.setattr(memory_watch, "system_memory", lambda: seen.pop(0) if len(seen) > 1 else seen[0])
    (tmp_path / "memory.json").write_text("of the process before")
    with watched_memory(tmp_path, every=0.001):
        until = time.monotonic() + 30
        while len(seen) > 1 and time.monotonic() < until:
            time.sleep(0.001)
    found = json.loads((tmp_path / "memory.json").read_text())
    assert found == {"pid": os.getpid(), "free": 3, "total": 100, "resident": 80}


def test_a_shortage_that_is_over_is_forgotten(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What kills the process later, such as `kill -9`, is not put down to it."""
    seen, record = [Memory(100, 9), Memory(100, 50)], tmp_path / "memory.json"
    was_there: list[bool] = []

    def look() -> Memory:
        was_there.append(record.exists())
        return seen.pop(0) if len(seen) > 1 else seen[0]

    monkeypatch.setattr(memory_watch, "resident_bytes", lambda: 80)
    monkeypatch.setattr(memory_watch, "system_memory", look)
    with watched_memory(tmp_path, every=0.001, forget=0.0):
        until = time.monotonic() + 30
        while len(was_there) < 4 and time.monotonic() < until:
            time.sleep(0.001)
    assert was_there[:4] == [False, True, False, False]


def test_nothing_is_kept_where_memory_suffices(tmp_path: Path) -> None:
    (tmp_path / "memory.json").write_text("of the process before")
    with watched_memory(tmp_path, every=0.001):
        time.sleep(0.01)
    assert not (tmp_path / "memory.json").exists()


def recipe(sft: int | None, grpo: int | None) -> Config:
    tree = {"model": "m", "data": {"train": {"name": "arithmetic"}}}
    return make_recipe(tree, [("sft.micro_batch_tokens", sft), ("grpo.micro_batch_tokens", grpo)])


def test_half_as_many_tokens_and_a_line_that_says_so() -> None:
    lines: list[str] = []
    found = with_smaller_micro_batches(recipe(100, 2048), Shortage(1, GB // 4, 24 * GB, 20 * GB), lines.append)
    assert (found.sft.micro_batch_tokens, found.grpo.micro_batch_tokens) == (64, 1024)
    (line,) = lines
    assert "killed while 0.2 of 24.0 GB of memory were free and it had 20.0: it goes on with " in line
    assert "sft.micro_batch_tokens 64 and grpo.micro_batch_tokens 1,024, half as many" in line


@pytest.mark.parametrize(("sft", "grpo"), [(None, None), (64, 32), (None, 64)])
def test_micro_batches_never_grow_and_it_is_said_where_they_cannot_shrink(sft: int | None, grpo: int | None) -> None:
    lines: list[str] = []
    config = recipe(sft, grpo)
    assert with_smaller_micro_batches(config, Shortage(1, 1, 1, 1), lines.append) == config
    (line,) = lines
    assert "its micro-batches cannot be made smaller; lower grpo.group_size" in line


def test_the_one_size_there_is_is_halved() -> None:
    lines: list[str] = []
    found = with_smaller_micro_batches(recipe(2048, None), Shortage(1, 1, 1, 1), lines.append)
    assert (found.sft.micro_batch_tokens, found.grpo.micro_batch_tokens) == (1024, None)
    assert "it goes on with sft.micro_batch_tokens 1,024, half as many" in lines[0]
