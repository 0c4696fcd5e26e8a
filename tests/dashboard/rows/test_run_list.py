"""The list of runs: each row from the ends of its files, made again only when they change."""

import json
import os
import socket
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from page_runs import RIGHT, lines, metrics_line, page_run, timings_line, write_evaluation
from whet.dashboard.open_run import OpenRun
from whet.dashboard.rows import run_list
from whet.dashboard.rows.run_list import RunRows, fingerprint, run_row, run_rows, size_of


def alive(folder: Path) -> None:
    owner = {"pid": os.getpid(), "host": socket.gethostname(), "since": datetime.now(UTC).isoformat()}
    (folder / "owner.json").write_text(json.dumps(owner))


def test_a_finished_run_in_one_row(tmp_path: Path) -> None:
    folder = page_run(tmp_path / "r")
    row = run_row(OpenRun(folder, "group/r"))
    assert (row["id"], row["name"], row["state"], row["step"], row["steps"]) == ("group/r", "r", "finished", 4, 4)
    assert (row["model"], row["data"], row["objective"], row["findings"]) == ("tiny", "arithmetic", "grpo", 1)
    assert row["reward"] == [sum(two) / 8 for two in RIGHT]
    assert row["accuracy"]["before"]["right"] == 2
    assert row["accuracy"]["now"]["right"] == 3
    assert row["accuracy"]["stage"] == "final"
    # t-0 was right and is not; t-2 and t-3 were wrong and are right
    assert row["accuracy"]["difference"]["fixed"] == 2
    assert row["accuracy"]["difference"]["broken"] == 1
    assert row["size"] == sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())
    assert (row["left"], row["why"], row["format"]) == (None, None, 1)


def test_a_running_run_says_how_long_it_will_take(tmp_path: Path) -> None:
    folder = page_run(tmp_path / "r", steps=3)
    (folder / "train.log").write_text("2026-11-01T10:00:00+00:00 [GRPO 3/4]  reward 0.1\n")
    alive(folder)
    row = run_row(OpenRun(folder))
    assert (row["state"], row["phase"], row["step"], row["left"]) == ("running", "GRPO", 3, 10.0)


def test_the_newest_run_comes_first(tmp_path: Path) -> None:
    for name, created in (("a", "2026-01-01T00:00:00+00:00"), ("b", "2026-03-01T00:00:00+00:00"), ("c", None)):
        folder = page_run(tmp_path / name, steps=1)
        (folder / "manifest.json").write_text(json.dumps({"format": 1, "created": created}))
    rows = run_rows({name: tmp_path / name for name in "abc"})
    assert [row["id"] for row in rows] == ["b", "a", "c"]


@pytest.mark.parametrize(
    ("manifest", "why"),
    [
        ('{"format": 0}', "is of format 0"),
        ('{"format": 2}', "update Whet"),
        ("{", "not readable JSON"),
        ("[]", "not a JSON"),
    ],
)
def test_a_run_that_cannot_be_read_says_why(tmp_path: Path, manifest: str, why: str) -> None:
    folder = page_run(tmp_path / "r")
    (folder / "manifest.json").write_text(manifest)
    (row,) = run_rows({"r": folder})
    assert row["state"] == "unreadable"
    assert why in row["why"]
    assert row["step"] is row["accuracy"] is row["size"] is None


def test_a_run_with_a_link_that_leads_out_is_not_read(tmp_path: Path) -> None:
    folder = page_run(tmp_path / "r")
    (tmp_path / "secret").write_text("2026-11-01T10:00:00+00:00 stopped: secret\n")
    (folder / "train.log").unlink()
    (folder / "train.log").symlink_to(tmp_path / "secret")
    (row,) = run_rows({"r": folder})
    assert row["state"] == "unreadable"
    assert "secret" not in row["why"].replace(str(tmp_path), "")


def test_a_row_is_made_again_only_when_a_file_has_changed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder, rows, made = page_run(tmp_path / "r"), RunRows(), []
    original = run_list._made

    def counted(path: Path, id: str) -> Any:
        made.append(id)
        return original(path, id)

    monkeypatch.setattr(run_list, "_made", counted)
    assert rows.row(folder, "r") == rows.row(folder, "r")
    assert len(made) == 1
    with (folder / "metrics.jsonl").open("a") as file:
        file.write(lines([metrics_line(3) | {"step": 4}]))
    assert rows.row(folder, "r")["step"] == 5
    write_evaluation(folder, "final", {0, 1, 2, 3, 4})
    assert rows.row(folder, "r")["accuracy"]["now"]["right"] == 5
    assert rows.row(folder, "r")["accuracy"]["difference"]["fixed"] == 3
    assert len(made) == 3


def test_a_process_that_dies_is_noticed_without_a_change_of_files(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder, rows = page_run(tmp_path / "r"), RunRows()
    alive(folder)
    assert rows.row(folder, "r")["state"] == "running"
    monkeypatch.setattr("whet.runs.run_state.is_alive", lambda *_: False)
    assert rows.row(folder, "r")["state"] == "finished"


def test_what_is_costly_waits_where_there_is_no_time(tmp_path: Path) -> None:
    folder, rows = page_run(tmp_path / "r"), RunRows()
    hurried = rows.row(folder, "r", until=0.0)
    assert hurried["size"] is hurried["accuracy"]["difference"] is None
    assert hurried["accuracy"]["now"]["right"] == 3
    assert rows.row(folder, "r")["size"] > 0
    assert rows.row(folder, "r", until=0.0)["size"] > 0


def test_a_run_that_has_just_begun(tmp_path: Path) -> None:
    folder = tmp_path / "r"
    folder.mkdir()
    (folder / "recipe.yaml").write_text("grpo: {steps: 9}\n")
    (folder / "manifest.json").write_text('{"format": 1}')
    (row,) = run_rows({"r": folder})
    assert (row["step"], row["steps"], row["reward"], row["state"]) == (0, 9, [], "killed")
    assert row["accuracy"] == {"before": None, "now": None, "stage": None, "difference": None}


def test_links_are_not_followed_when_sizes_are_added(tmp_path: Path) -> None:
    (tmp_path / "r").mkdir()
    (tmp_path / "r" / "a").write_bytes(b"12345")
    (tmp_path / "big").write_bytes(b"x" * 10_000)
    (tmp_path / "r" / "link").symlink_to(tmp_path / "big")
    assert size_of(tmp_path / "r") < 1000


def test_the_fingerprint_follows_the_rows() -> None:
    assert fingerprint([{"a": 1}]) == fingerprint([{"a": 1}])
    assert fingerprint([{"a": 1}]) != fingerprint([{"a": 2}])


def test_the_pace_is_that_of_the_newest_steps(tmp_path: Path) -> None:
    folder = page_run(tmp_path / "r", steps=2)
    slow = [
        timings_line(0) | {"step_time": 1000.0},
        timings_line(1) | {"step_time": 20.0},
        timings_line(2) | {"step_time": 22.0},
    ]
    (folder / "timings.jsonl").write_text(lines(slow))
    alive(folder)
    assert run_row(OpenRun(folder))["left"] == 2 * 22.0
