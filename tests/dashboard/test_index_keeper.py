"""When and where the index is built."""

import sqlite3
import subprocess
from pathlib import Path
from typing import Any

import pytest

from page_runs import page_run, write_rollouts
from whet.dashboard import index_keeper
from whet.dashboard.index_keeper import IndexKeeper, place_of
from whet.dashboard.open_run import OpenRun
from whet.errors import UserError


@pytest.fixture
def run(tmp_path: Path) -> OpenRun:
    return OpenRun(page_run(tmp_path / "r", steps=3))


def test_a_few_steps_are_indexed_at_once(run: OpenRun, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(index_keeper, "LOOK", 0.0)
    assert run.index.refresh() == {"steps": 3, "of": 3, "whole": True, "fault": None}
    write_rollouts(run.path, 3)
    assert run.index.refresh() == {"steps": 4, "of": 4, "whole": True, "fault": None}


def test_many_steps_are_left_to_a_process(run: OpenRun, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(index_keeper, "IN_PLACE", 1)
    monkeypatch.setattr(index_keeper, "LOOK", 0.0)
    started: list[list[str]] = []
    original = subprocess.Popen

    def popen(command: list[str], **options: Any) -> Any:
        started.append(command)
        return original(command, **options)

    monkeypatch.setattr(index_keeper.subprocess, "Popen", popen)
    assert run.index.refresh()["whole"] is False
    run.index.refresh()
    assert len(started) == 1  # while it works no second one is started
    assert run.index._builder is not None
    run.index._builder.wait(120)
    assert run.index.refresh() == {"steps": 3, "of": 3, "whole": True, "fault": None}


def test_a_process_that_fails_is_told_of_and_not_started_for_ever(
    run: OpenRun, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(index_keeper, "IN_PLACE", 0)
    monkeypatch.setattr(index_keeper.sys, "executable", "/bin/false")
    run.index.refresh()
    assert run.index._builder is not None
    run.index._builder.wait(10)
    assert "cannot be built in" in run.index.refresh()["fault"]


def test_a_folder_that_cannot_be_written_has_its_index_in_the_user_s_cache(
    run: OpenRun, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert place_of(run.path) == run.path / ".cache" / "index.sqlite"
    monkeypatch.setenv("WHET_CACHE", str(tmp_path / "cache"))
    monkeypatch.setattr(index_keeper.os, "access", lambda *_: False)
    place = place_of(run.path)
    assert place.parent == tmp_path / "cache" / "index"
    assert place.name.startswith("r-")
    other = page_run(tmp_path / "other" / "r", steps=0)
    assert place_of(other) != place
    keeper = IndexKeeper(run.path, lambda: run.judge)
    assert keeper.build()["whole"]
    assert place.is_file()
    assert not (run.path / ".cache").exists()


def test_an_index_that_cannot_be_written_is_told_of(run: OpenRun) -> None:
    (run.path / ".cache").write_text("a file in its place")
    found = run.index.refresh()
    assert found["whole"] is False
    assert "cannot be written to" in found["fault"]


def test_a_damaged_index_is_told_of_once_and_built_again(run: OpenRun, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(index_keeper, "LOOK", 0.0)
    run.index.build()
    with pytest.raises(UserError, match="is damaged; it is built again, ask once more"), run.index.reading():
        raise sqlite3.DatabaseError("database disk image is malformed")
    run.index.path.write_bytes(b"rubbish" * 100)
    for suffix in ("-wal", "-shm"):
        run.index.path.with_name(run.index.path.name + suffix).unlink(missing_ok=True)
    assert run.index.refresh() == {"steps": 3, "of": 3, "whole": True, "fault": None}


def test_before_anything_is_indexed_there_is_nothing_to_read(run: OpenRun) -> None:
    with run.index.reading() as index:
        assert index is None


def test_closing_ends_a_builder(run: OpenRun, monkeypatch: pytest.MonkeyPatch) -> None:
    run.index._builder = builder = subprocess.Popen(["sleep", "60"])
    run.index.close()
    assert builder.returncode is not None
    run.index.close()
