"""Where an export is written."""

import errno
from pathlib import Path
from types import SimpleNamespace

import pytest

from whet.errors import UserError
from whet.export.place import refuse_full, refuse_place, staged


def test_a_place_that_is_free_is_taken(tmp_path: Path) -> None:
    refuse_place(tmp_path / "new", False, "")
    refuse_place(tmp_path / "deep" / "new.gguf", False, ".gguf")


@pytest.mark.parametrize(
    ("name", "replace", "suffix", "said"),
    [
        ("new.bin", False, ".gguf", "must end in .gguf"),
        ("a.gguf", False, ".gguf", "is there already; name another place, or say --replace"),
        ("model", False, "", "is there already"),
        ("model", True, ".zip", "must end in .zip"),
        ("home", True, "", "is no folder of a model"),
        ("a.gguf", True, "", "is no folder of a model"),
        ("folder.gguf", True, ".gguf", "is a folder"),
        ("a.gguf/new", False, "", "is no folder"),
    ],
)
def test_what_cannot_be_a_place_is_refused(tmp_path: Path, name: str, replace: bool, suffix: str, said: str) -> None:
    (tmp_path / "a.gguf").write_text("old")
    (tmp_path / "model").mkdir()
    (tmp_path / "model" / "config.json").write_text("{}")
    (tmp_path / "home").mkdir()
    (tmp_path / "folder.gguf").mkdir()
    with pytest.raises(UserError, match=said):
        refuse_place(tmp_path / name, replace, suffix)


def test_an_older_export_may_be_replaced(tmp_path: Path) -> None:
    (tmp_path / "a.gguf").write_text("old")
    (tmp_path / "model").mkdir()
    (tmp_path / "model" / "config.json").write_text("{}")
    refuse_place(tmp_path / "a.gguf", True, ".gguf")
    refuse_place(tmp_path / "model", True, "")


def test_a_disk_without_room_is_told_before_anything_is_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("shutil.disk_usage", lambda path: SimpleNamespace(free=100_000_000))
    refuse_full(tmp_path / "deep" / "new", 30_000_000)
    with pytest.raises(UserError, match=r"needs 157 MB for a moment, and 100 MB are free"):
        refuse_full(tmp_path / "deep" / "new", 90_000_000)


def test_a_file_appears_whole_and_leaves_nothing_beside_it(tmp_path: Path) -> None:
    target = tmp_path / "deep" / "a.gguf"
    with staged(target) as path:
        path.write_text("new")
        assert not target.exists()
    assert target.read_text() == "new"
    assert [path.name for path in target.parent.iterdir()] == ["a.gguf"]


def test_a_folder_takes_the_place_of_another(tmp_path: Path) -> None:
    target = tmp_path / "model"
    target.mkdir()
    (target / "old").write_text("old")
    with staged(target) as path:
        path.mkdir()
        (path / "new").write_text("new")
    assert [path.name for path in target.iterdir()] == ["new"]
    assert [path.name for path in tmp_path.iterdir()] == ["model"]


def failing(target: Path, error: Exception) -> None:
    with staged(target) as path:
        path.write_text("half")
        raise error


def test_where_it_fails_what_was_there_stays(tmp_path: Path) -> None:
    target = tmp_path / "a.zip"
    target.write_text("old")
    with pytest.raises(UserError, match=r"refused"):
        failing(target, UserError("refused"))
    assert target.read_text() == "old"
    assert [path.name for path in tmp_path.iterdir()] == ["a.zip"]


def test_a_full_disk_is_a_line(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"cannot be written .No space left on device.; make room"):
        failing(tmp_path / "a", OSError(errno.ENOSPC, "No space left on device"))
    with pytest.raises(ZeroDivisionError):
        failing(tmp_path / "a", ZeroDivisionError())
    assert not list(tmp_path.iterdir())
