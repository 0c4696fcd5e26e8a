"""Folders that hold pointers of Git LFS in place of files."""

from pathlib import Path

from whet.models.lfs_pointers import lfs_pointer

POINTER = "version https://git-lfs.github.com/spec/v1\noid sha256:4d7a\nsize 269060552\n"


def test_a_pointer_is_named_with_the_command_that_fetches_it(tmp_path: Path) -> None:
    (tmp_path / "config.json").write_text("{}")
    assert lfs_pointer(tmp_path) == ""
    (tmp_path / "model.safetensors").write_text(POINTER)
    reason = "model.safetensors is a pointer of Git LFS, without the file itself; fetch the files with `git lfs pull`"
    assert lfs_pointer(tmp_path) == reason


def test_a_large_file_or_another_text_is_none(tmp_path: Path) -> None:
    (tmp_path / "a").write_text(POINTER + " " * 2000)
    (tmp_path / "b").write_text("version 3")
    (tmp_path / "c").mkdir()
    assert lfs_pointer(tmp_path) == ""
