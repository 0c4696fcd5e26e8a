"""A folder that appears complete or not at all, and a disk that is full."""

import errno
import os
import sqlite3
from pathlib import Path

import pytest
from safetensors import SafetensorError

from whet.files import disk_fault, fsync, new_folder, remove_folder, sha256_of, sweep, write_bytes


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def test_the_folder_appears_at_the_end_with_everything_in_it(tmp_path: Path) -> None:
    target = tmp_path / "deep" / "made"
    with new_folder(target) as folder:
        (folder / "sub").mkdir()
        (folder / "sub" / "file").write_text("x")
        assert not target.exists()
    assert (target / "sub" / "file").read_text() == "x"
    assert names(target.parent) == ["made"]


@pytest.mark.parametrize("error", [RuntimeError, KeyboardInterrupt])
def test_a_failure_leaves_nothing(tmp_path: Path, error: type[BaseException]) -> None:
    def fail() -> None:
        with new_folder(tmp_path / "made") as folder:
            (folder / "half").write_text("x")
            raise error

    with pytest.raises(error):
        fail()
    assert names(tmp_path) == []


def test_a_folder_that_exists_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "made").mkdir()
    (tmp_path / "made" / "old").write_text("x")
    with pytest.raises(FileExistsError, match="made"), new_folder(tmp_path / "made"):
        pass
    assert names(tmp_path / "made") == ["old"]


def test_permissions_follow_the_parent(tmp_path: Path) -> None:
    tmp_path.chmod(0o750)
    with new_folder(tmp_path / "made") as folder:
        (folder / "file").write_text("x")
        (folder / "file").chmod(0o600)
    assert (tmp_path / "made").stat().st_mode & 0o777 == 0o750
    assert (tmp_path / "made" / "file").stat().st_mode & 0o777 == 0o640


def test_every_file_is_on_the_disk_before_the_rename(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    events: list[str] = []
    rename, on_disk = Path.rename, os.fsync

    def seen_fsync(descriptor: int) -> None:
        events.append(Path(f"/proc/self/fd/{descriptor}").readlink().name)
        on_disk(descriptor)

    def seen_rename(self: Path, target: Path) -> Path:
        events.append("RENAME")
        return rename(self, target)

    if not Path("/proc/self/fd").is_dir():
        pytest.skip("needs /proc to tell which file is synced")
    monkeypatch.setattr(os, "fsync", seen_fsync)
    monkeypatch.setattr(Path, "rename", seen_rename)
    with new_folder(tmp_path / "made") as folder:
        (folder / "one").write_text("1")
        (folder / "two").write_text("2")
    at = events.index("RENAME")
    assert {"one", "two"} < set(events[:at])
    assert events[at + 1 :] == [tmp_path.name]


def test_a_removed_folder_is_gone_at_once_and_leaves_nothing(tmp_path: Path) -> None:
    (tmp_path / "old").mkdir()
    (tmp_path / "old" / "file").write_text("x")
    remove_folder(tmp_path / "old")
    assert names(tmp_path) == []


def test_sweep_takes_leftovers_of_the_name_only(tmp_path: Path) -> None:
    for name in (".step-1.abc.tmp", ".other.abc.tmp", "step-1", ".lock"):
        (tmp_path / name).mkdir()
    sweep(tmp_path, "step-*")
    assert names(tmp_path) == [".lock", ".other.abc.tmp", "step-1"]


def test_fsync_takes_files_and_folders(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("x")
    fsync(tmp_path / "file")
    fsync(tmp_path)
    with pytest.raises(FileNotFoundError):
        fsync(tmp_path / "none")


def test_sha256_is_the_published_one_of_abc(tmp_path: Path) -> None:
    """FIPS 180-2, appendix B.1."""
    (tmp_path / "abc").write_bytes(b"abc")
    expected = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
    assert sha256_of(tmp_path / "abc") == expected


def test_a_file_is_replaced_whole_or_not_at_all(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "new" / "file"
    write_bytes(path, b"old")

    def fail(self: Path, target: Path) -> Path:
        raise OSError("no rename")

    with monkeypatch.context() as patch:
        patch.setattr(Path, "replace", fail)
        with pytest.raises(OSError, match="no rename"):
            write_bytes(path, b"new")
    assert path.read_bytes() == b"old"
    assert [p.name for p in path.parent.iterdir()] == ["file"]
    write_bytes(path, b"new")
    assert path.read_bytes() == b"new"


def wrapped(error: Exception, cause: Exception) -> Exception:
    error.__cause__ = cause
    return error


@pytest.mark.parametrize(
    ("error", "number"),
    [
        (OSError(errno.ENOSPC, "No space left on device", "a"), errno.ENOSPC),
        (OSError(errno.EDQUOT, "Disk quota exceeded"), errno.EDQUOT),
        (OSError(errno.EROFS, "Read-only file system"), errno.EROFS),
        (wrapped(ValueError("could not write"), OSError(errno.ENOSPC, "full")), errno.ENOSPC),
        (SafetensorError("I/O error: No space left on device (os error 28)"), errno.ENOSPC),
        (RuntimeError("I/O error: something in another language (os error 30)"), errno.EROFS),
        (sqlite3.OperationalError("database or disk is full"), errno.ENOSPC),
        (sqlite3.OperationalError("attempt to write a readonly database"), errno.EROFS),
        (OSError("IOError: Write failed: Disk quota exceeded"), errno.EDQUOT),
        (OSError(errno.EACCES, "Permission denied"), None),
        (MemoryError("no memory"), None),
    ],
)
def test_a_full_disk_is_known_by_number_by_cause_and_by_words(error: Exception, number: int | None) -> None:
    fault = disk_fault(error)
    assert (fault.errno if fault else None) == number


def test_what_was_full_is_kept() -> None:
    fault = disk_fault(wrapped(ValueError("no"), OSError(errno.ENOSPC, "full", "/x/y")))
    assert fault is not None
    assert fault.filename == "/x/y"
