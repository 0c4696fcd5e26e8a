"""Names of run folders."""

import os
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from whet.errors import UserError
from whet.runs.lock import FolderLock
from whet.runs.naming import ALLOWED, check_name, check_place, new_folder, stem_of


def test_numbers_go_up_and_never_repeat(tmp_path: Path) -> None:
    assert [new_folder(tmp_path / "runs", "quick").name for _ in range(2)] == ["quick-001", "quick-002"]
    (tmp_path / "runs" / "quick-017").mkdir()
    (tmp_path / "runs" / "quick-long-099").mkdir()
    (tmp_path / "runs" / "quick-001").rmdir()
    assert new_folder(tmp_path / "runs", "quick").name == "quick-018"


def test_runs_that_start_together_get_folders_of_their_own(tmp_path: Path) -> None:
    with ThreadPoolExecutor(8) as pool:
        made = list(pool.map(lambda _: new_folder(tmp_path, "r"), range(32)))
    assert len(set(made)) == 32


def test_a_name_that_was_asked_for_is_taken_once(tmp_path: Path) -> None:
    folder = new_folder(tmp_path, "stem", "mine")
    assert folder == tmp_path / "mine"
    (folder / "file").write_text("x")
    with pytest.raises(UserError, match=r"run\.name: .*mine exists.*choose another name"):
        new_folder(tmp_path, "stem", "mine")


@pytest.mark.parametrize("name", ["../up", "a/b", "", " ", "-x", ".hidden", "a\nb", "x" * 101, "naïve"])
def test_names_that_are_no_plain_folder_names_are_refused(name: str) -> None:
    with pytest.raises(UserError, match=r"run\.name"):
        check_name(name)


@pytest.mark.parametrize("text", ["", "…", "../../etc", "a b.yaml", "x" * 300, "-.-", "日本.yaml"])
def test_any_text_gives_a_stem_that_is_allowed(text: str) -> None:
    assert ALLOWED.fullmatch(stem_of(text))


def test_a_place_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("x")
    with pytest.raises(UserError, match=r"run\.folder: .*cannot be written"):
        new_folder(tmp_path / "file", "stem")


def test_a_place_is_looked_at_and_left_alone(tmp_path: Path) -> None:
    check_place(tmp_path / "runs" / "deep", "mine")
    (tmp_path / "mine").mkdir()
    check_place(tmp_path, "mine")
    check_place(tmp_path)
    assert sorted(path.name for path in tmp_path.rglob("*")) == ["mine"]
    (tmp_path / "mine" / "notes").touch()
    with pytest.raises(UserError, match=r"run\.name: .*mine exists; choose another name"):
        check_place(tmp_path, "mine")
    with pytest.raises(UserError, match=r"run\.folder: .*cannot be written \(.*notes is no folder\)"):
        check_place(tmp_path / "mine" / "notes" / "runs")
    with pytest.raises(UserError, match=r"run\.name: '\.\./up' cannot name a folder"):
        check_place(tmp_path, "../up")


def test_a_place_without_permission_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("os.access", lambda path, mode: path != tmp_path)
    with pytest.raises(UserError, match=r"run\.folder: .*runs cannot be written \(Permission denied\)"):
        check_place(tmp_path / "runs")


def test_a_folder_in_use_names_its_owner(tmp_path: Path) -> None:
    with FolderLock(new_folder(tmp_path, "stem", "mine")) as lock:
        (lock.folder / "manifest.json").touch()
        for refuse in (lambda: new_folder(tmp_path, "stem", "mine"), lambda: check_place(tmp_path, "mine")):
            with pytest.raises(UserError, match=f"mine is in use by process {os.getpid()} on "):
                refuse()


def test_what_a_killed_start_left_is_taken_over(tmp_path: Path) -> None:
    folder = new_folder(tmp_path, "stem", "mine")
    for name in (".lock", "owner.json"):
        (folder / name).touch()
    assert new_folder(tmp_path, "stem", "mine") == folder


def test_a_run_that_died_before_it_was_one_is_no_obstacle(tmp_path: Path) -> None:
    half = tmp_path / "it"
    half.mkdir()
    for name in ("recipe.yaml", ".lock", "owner.json", ".manifest.json.abc.tmp"):
        (half / name).touch()
    assert new_folder(tmp_path, "run", "it") == half
    (half / "manifest.json").touch()
    with pytest.raises(UserError, match="choose another name"):
        new_folder(tmp_path, "run", "it")
