"""The runs below a folder: found by listing, opened by id, nothing outside."""

from pathlib import Path

import pytest

from page_runs import page_run
from whet.dashboard import library as module
from whet.dashboard.library import Library
from whet.dashboard.rows.missing import MissingError
from whet.errors import UserError


def test_runs_are_found_up_to_three_folders_deep(tmp_path: Path) -> None:
    for place in ("a", "sweep/b", "sweep/deep/c", "x/y/z/too-deep", ".hidden/d", "a/models/inside"):
        page_run(tmp_path / place, steps=0)
    (tmp_path / "notes").mkdir()
    assert sorted(Library(tmp_path).listing()) == ["a", "sweep/b", "sweep/deep/c"]


def test_a_run_itself_is_a_library_of_one(tmp_path: Path) -> None:
    page_run(tmp_path / "a", steps=1)
    assert list(Library(tmp_path / "a").listing()) == ["a"]
    assert Library(tmp_path / "a").open("a").path == tmp_path / "a"


def test_links_out_of_the_folder_are_left_out_and_links_within_are_not(tmp_path: Path) -> None:
    page_run(tmp_path / "outside" / "secret", steps=0)
    page_run(tmp_path / "runs" / "a", steps=0)
    (tmp_path / "runs" / "out").symlink_to(tmp_path / "outside" / "secret")
    (tmp_path / "runs" / "up").symlink_to(tmp_path)
    (tmp_path / "runs" / "same").symlink_to(tmp_path / "runs" / "a")
    assert sorted(Library(tmp_path / "runs").listing()) == ["a", "same"]


def test_only_what_was_listed_is_opened(tmp_path: Path) -> None:
    page_run(tmp_path / "runs" / "a", steps=0)
    page_run(tmp_path / "b", steps=0)
    library = Library(tmp_path / "runs")
    for id in ("../b", "a/", "./a", "A", "", str(tmp_path / "b"), "a/../a"):
        with pytest.raises(MissingError, match="there is no run called"):
            library.open(id)


def test_a_run_stays_open_and_the_longest_unused_is_closed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "OPEN", 2)
    for name in "abc":
        page_run(tmp_path / name, steps=0)
    library = Library(tmp_path)
    a = library.open("a")
    library.open("b")
    assert library.open("a") is a
    library.open("c")
    assert library.open("a") is a
    b = library.open("b")
    assert library.open("b") is b
    library.close()


def test_a_new_run_is_found_and_a_listing_is_used_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    library = Library(tmp_path)
    assert library.listing() == {}
    page_run(tmp_path / "a", steps=0)
    assert library.listing() == {}
    monkeypatch.setattr(module, "FRESH", 0.0)
    assert list(library.listing()) == ["a"]


def test_no_folder_is_one_line(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="runs: there is no folder"):
        Library(tmp_path / "none")
