"""Files by their first bytes: compressed, in UTF-16, or no table at all."""

import bz2
import gzip
import lzma
from collections.abc import Callable
from pathlib import Path

import pyarrow
import pytest

from whet.data.file_bytes import open_bytes, open_text, row_suffix
from whet.data.rows import locate, read_rows
from whet.errors import UserError

ROWS = '{"question": "1 + 1?", "answer": "2"}\n{"question": "é", "answer": "3"}\n'.encode()


def zst(content: bytes) -> bytes:
    return bytes(pyarrow.compress(content, codec="zstd", asbytes=True))


PACKED: dict[str, Callable[[bytes], bytes]] = {
    "gz": gzip.compress,
    "bz2": bz2.compress,
    "xz": lzma.compress,
    "zst": zst,
}


@pytest.mark.parametrize("suffix", PACKED)
def test_compressed_files_are_read(suffix: str, tmp_path: Path) -> None:
    jsonl, table = tmp_path / f"train.jsonl.{suffix}", tmp_path / f"test.csv.{suffix}"
    jsonl.write_bytes(PACKED[suffix](ROWS))
    table.write_bytes(PACKED[suffix](b"\xef\xbb\xbfquestion;answer\n1 + 1?;2\n"))
    assert [row for _, row in read_rows(jsonl)] == [
        {"question": "1 + 1?", "answer": "2"},
        {"question": "é", "answer": "3"},
    ]
    assert [row for _, row in read_rows(table)] == [{"question": "1 + 1?", "answer": "2"}]
    assert locate(tmp_path, "train") == jsonl
    assert locate(tmp_path, "test") == table


@pytest.mark.parametrize("suffix", ["gz", "bz2", "xz"])
def test_a_compressed_file_that_breaks_off_is_refused(suffix: str, tmp_path: Path) -> None:
    file = tmp_path / f"a.jsonl.{suffix}"
    packed = PACKED[suffix](ROWS * 2000)
    file.write_bytes(packed[: len(packed) // 2])
    with pytest.raises(UserError, match=r"cannot be read .*fetch it anew"):
        list(read_rows(file))


def test_a_packed_file_is_known_whatever_its_name(tmp_path: Path) -> None:
    file = tmp_path / "a.jsonl"
    file.write_bytes(gzip.compress(ROWS))
    assert len(list(read_rows(file))) == 2
    assert row_suffix(Path("x/A.CSV.zst")) == ".csv"
    assert row_suffix(Path("x/a.tar.gz")) == ".tar"


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"version https://git-lfs.github.com/spec/v1\noid sha256:ab\nsize 3\n", "pointer of Git LFS.*git lfs pull"),
        (b"\n<!DOCTYPE html>\n<html>", "is a web page"),
        (b"<HTML><body>", "is a web page"),
        (b"PK\x03\x04\x14\x00", "zip archive or an Excel sheet.*save the sheet as CSV"),
        (b"%PDF-1.7", "is a PDF"),
        (b"SQLite format 3\x00", "SQLite database; export its table"),
        (b"\x80\x04\x95\x10\x00", "is a pickle, which runs code"),
    ],
)
@pytest.mark.parametrize("name", ["a.jsonl", "a.csv", "a.json"])
def test_what_is_no_table_is_named_with_what_to_do(name: str, content: bytes, said: str, tmp_path: Path) -> None:
    (tmp_path / name).write_bytes(content)
    with pytest.raises(UserError, match=said):
        list(read_rows(tmp_path / name))


def test_a_file_of_another_kind_says_what_it_is_before_which_kinds_are_read(tmp_path: Path) -> None:
    (tmp_path / "sheet.xlsx").write_bytes(b"PK\x03\x04\x14\x00")
    with pytest.raises(UserError, match="save the sheet as CSV"):
        locate(tmp_path / "sheet.xlsx", "train")


def test_text_keeps_bytes_that_are_no_utf8_and_drops_a_mark(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_bytes(b"\xef\xbb\xbfa\xe9\r\nb")
    with open_text(tmp_path / "a.csv") as text:
        assert text.read() == "a\udce9\r\nb"
    (tmp_path / "b.csv").write_bytes("a;é\n".encode("utf-16"))
    with open_bytes(tmp_path / "b.csv") as file:
        assert file.read() == "a;é\n".encode()
