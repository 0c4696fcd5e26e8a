"""Opens data files, compressed or in UTF-16, as UTF-8 bytes, and refuses what is no table, saying what it is."""

import bz2
import gzip
import lzma
from collections.abc import Callable, Mapping
from io import BufferedReader, BytesIO, TextIOWrapper
from pathlib import Path
from typing import Any, BinaryIO, cast

from whet.errors import UserError

COMPRESSED = (".gz", ".bz2", ".xz", ".zst")
"""Suffixes of compressed files, before which stands that of their rows, as in `train.jsonl.gz`."""


def _zst(path: Path) -> BinaryIO:
    import pyarrow

    stream: Any = pyarrow.CompressedInputStream(pyarrow.OSFile(str(path)), "zstd")
    return BufferedReader(stream)


def _gz(path: Path) -> BinaryIO:
    return cast(BinaryIO, gzip.open(path))


def _bz2(path: Path) -> BinaryIO:
    return cast(BinaryIO, bz2.open(path))


def _xz(path: Path) -> BinaryIO:
    return cast(BinaryIO, lzma.open(path))


_OPENERS: Mapping[bytes, Callable[[Path], BinaryIO]] = {
    b"\x1f\x8b": _gz,
    b"BZh": _bz2,
    b"\xfd7zXZ": _xz,
    b"\x28\xb5\x2f\xfd": _zst,
}
"""How a file is opened, by its first bytes; its suffix says nothing about them."""

_NO_TABLES: Mapping[bytes, str] = {
    b"version https://git-lfs": "is a pointer of Git LFS, without the data; fetch the file with `git lfs pull`",
    b"<!doctype html": "is a web page, such as a download that needed a login; download the file itself",
    b"<html": "is a web page, such as a download that needed a login; download the file itself",
    b"PK\x03\x04": "is a zip archive or an Excel sheet; unpack it, or save the sheet as CSV",
    b"\xd0\xcf\x11\xe0": "is an Excel sheet; save it as CSV",
    b"%PDF": "is a PDF; give rows, as JSONL or CSV",
    b"SQLite format 3": "is an SQLite database; export its table as CSV",
    b"\x80\x04\x95": "is a pickle, which runs code when it is loaded; save the data as JSONL or Parquet",
    b"\x80\x05\x95": "is a pickle, which runs code when it is loaded; save the data as JSONL or Parquet",
    b"7z\xbc\xaf\x27\x1c": "is a 7z archive; unpack it",
    b"\x93NUMPY": "is a NumPy array; save the data as JSONL or Parquet",
}
"""What a file is that holds no rows, by its first bytes in lower case, and what to do."""

TABLES: Mapping[bytes, str] = {b"PAR1": ".parquet", b"ARROW1": ".arrow"}
"""Suffixes by the first bytes of a binary table."""


def first_bytes(path: Path, count: int = 64) -> bytes:
    """The beginning of a file as it lies on the disk."""
    with path.open("rb") as file:
        return file.read(count)


def refuse_no_table(path: Path) -> None:
    """Raises `UserError` for a file that holds no rows: a web page, an archive, a pointer of Git LFS."""
    start = first_bytes(path).lstrip()
    for magic, what in _NO_TABLES.items():
        if start.startswith(magic) or start.lower().startswith(magic):
            raise UserError(f"{path} {what}")


def open_bytes(path: Path) -> BinaryIO:
    """Opens a file for reading, decompressed, as UTF-8 without a byte order mark.

    Raises `UserError` for a file that is no table, and for UTF-16 that breaks off.
    """
    refuse_no_table(path)
    start = first_bytes(path)
    opener = next((opener for magic, opener in _OPENERS.items() if start.startswith(magic)), None)
    file = opener(path) if opener else path.open("rb")
    mark = file.read(32)
    if encoding := _utf16(mark):
        with file:
            return _utf8(path, mark + file.read(), encoding)
    file.close()
    file = opener(path) if opener else path.open("rb")
    file.read(3 if mark.startswith(b"\xef\xbb\xbf") else 0)
    return file


def _utf16(start: bytes) -> str | None:
    """The encoding of a text that begins like UTF-16: with its mark, or with a zero in every other byte."""
    if start[:2] in (b"\xff\xfe", b"\xfe\xff"):
        return "utf-16"
    zeros = {"utf-16-le": start[1::2], "utf-16-be": start[::2]}
    return next((name for name, half in zeros.items() if len(half) > 1 and not any(half)), None)


def _utf8(path: Path, utf16: bytes, encoding: str) -> BinaryIO:
    """UTF-16, as spreadsheets export it, as UTF-8; it is read whole."""
    try:
        return BytesIO(utf16.decode(encoding).encode())
    except UnicodeError as error:
        raise UserError(f"{path} is UTF-16 that cannot be decoded ({error}); save it as UTF-8") from error


def open_text(path: Path) -> TextIOWrapper:
    """`open_bytes` decoded line by line; bytes that are not UTF-8 become lone surrogates."""
    file: Any = open_bytes(path)
    return TextIOWrapper(file, encoding="utf-8", errors="surrogateescape", newline="")


def row_suffix(path: Path) -> str:
    """The suffix that says how rows are written, in lower case, without that of the compression.

    >>> row_suffix(Path("data/train.JSONL.gz"))
    '.jsonl'
    """
    suffix = path.suffix.lower()
    return Path(path.stem).suffix.lower() if suffix in COMPRESSED else suffix
