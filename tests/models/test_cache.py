"""What is made once and kept."""

import threading
import time
from pathlib import Path

import pytest

from whet.errors import UserError
from whet.models.cache import build_once, cache_folder


def test_the_folder_is_the_users_choice(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.delenv("WHET_CACHE", raising=False)
    monkeypatch.delenv("XDG_CACHE_HOME", raising=False)
    assert cache_folder() == tmp_path / ".cache" / "whet"
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "xdg"))
    assert cache_folder() == tmp_path / "xdg" / "whet"
    monkeypatch.setenv("WHET_CACHE", "~/mine")
    assert cache_folder() == tmp_path / "mine"


def test_the_second_time_nothing_is_built(tmp_path: Path) -> None:
    built: list[Path] = []

    def build(folder: Path) -> None:
        built.append(folder)
        (folder / "file").write_text("x")

    target = tmp_path / "made"
    assert build_once(target, build) == target
    assert build_once(target, build) == target
    assert len(built) == 1
    assert (target / "file").read_text() == "x"


def test_of_many_who_ask_at_once_one_builds_and_the_others_wait(tmp_path: Path) -> None:
    built: list[int] = []
    said: list[str] = []

    def build(folder: Path) -> None:
        built.append(1)
        time.sleep(0.3)
        (folder / "file").write_text("whole")

    def ask() -> None:
        build_once(tmp_path / "made", build, said.append)
        assert (tmp_path / "made" / "file").read_text() == "whole"

    threads = [threading.Thread(target=ask) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert built == [1]
    assert set(said) == {"another process is making made; waiting for it"}


def test_a_failed_build_can_be_tried_again(tmp_path: Path) -> None:
    def fail(folder: Path) -> None:
        (folder / "half").write_text("x")
        raise RuntimeError("no")

    with pytest.raises(RuntimeError, match="no"):
        build_once(tmp_path / "made", fail)
    assert not (tmp_path / "made").exists()
    build_once(tmp_path / "made", lambda folder: None)
    assert list((tmp_path / "made").iterdir()) == []


def test_leftovers_of_a_killed_build_are_cleared(tmp_path: Path) -> None:
    (tmp_path / ".made.abc.tmp").mkdir()
    build_once(tmp_path / "made", lambda folder: None)
    assert not (tmp_path / ".made.abc.tmp").exists()


def test_a_place_that_cannot_be_written_names_the_fix(tmp_path: Path) -> None:
    def refuse(folder: Path) -> None:
        raise PermissionError(13, "Permission denied")

    with pytest.raises(UserError, match=r"^WHET_CACHE: .*Permission denied.*set WHET_CACHE"):
        build_once(tmp_path / "made", refuse)
