"""Reads what was appended to a file of lines since a mark, without keeping anything between two calls."""

import os
import zlib
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, Self

CHECKED = 64
"""Bytes before a mark whose checksum tells whether the file is still the one that was read."""

PIECE = 1 << 20
"""Bytes that one call reads at most, unless a single line is longer."""


@dataclass(frozen=True, slots=True)
class Mark:
    """A place in a growing file: after `offset` bytes of the file `inode`, the last of which have this checksum."""

    inode: int = 0
    offset: int = 0
    checksum: int = 0

    def __str__(self) -> str:
        return f"{self.inode:x}.{self.offset:x}.{self.checksum:x}"

    @classmethod
    def parse(cls, text: str) -> Self:
        """The inverse of `str`. Raises `ValueError` where `text` is no mark.

        >>> Mark.parse(str(Mark(7, 300, 9)))
        Mark(inode=7, offset=300, checksum=9)
        """
        parts = [int(part, 16) for part in text.split(".")]
        if len(parts) != 3 or min(parts) < 0 or max(parts) >= 1 << 63:
            raise ValueError(f"{text!r} is no mark")
        return cls(*parts)


@dataclass(frozen=True, slots=True)
class Piece:
    """Finished lines that were added, and the mark after them."""

    lines: bytes
    mark: Mark
    more: bool = False
    """Whether there are further lines at once."""
    reset: bool = False
    """Whether the file is another one than that of the mark: truncated, replaced or gone. There are no lines then."""


def read_after(path: Path, mark: Mark, most: int = PIECE) -> Piece:
    """Returns the finished lines of `path` after `mark`; an unfinished last line is left for the next call."""
    try:
        with path.open("rb") as file:
            inode = os.fstat(file.fileno()).st_ino
            if mark.offset and (inode != mark.inode or _checksum(file, mark.offset) != mark.checksum):
                return Piece(b"", Mark(), reset=True)
            return _read(file, inode, mark.offset, most)
    except FileNotFoundError:
        return Piece(b"", Mark(), reset=mark.offset > 0)


def _read(file: BinaryIO, inode: int, start: int, most: int) -> Piece:
    file.seek(start)
    found = file.read(most)
    if len(found) == most and b"\n" not in found:
        found += file.readline()
    whole = found[: found.rfind(b"\n") + 1]
    end = start + len(whole)
    mark = Mark(inode, end, _checksum(file, end)) if end else Mark()
    return Piece(whole, mark, more=len(found) >= most)


def _checksum(file: BinaryIO, end: int) -> int:
    """CRC-32 of the last bytes before `end`; of fewer bytes, so another one, where the file is shorter."""
    start = max(0, end - CHECKED)
    file.seek(start)
    return zlib.crc32(file.read(end - start))


def end_of(path: Path) -> Mark:
    """The mark after the last finished line of `path`; the start where there is none."""
    try:
        with path.open("rb") as file:
            end = _last_newline(file, file.seek(0, os.SEEK_END))
            return Mark(os.fstat(file.fileno()).st_ino, end, _checksum(file, end)) if end else Mark()
    except FileNotFoundError:
        return Mark()


def _last_newline(file: BinaryIO, size: int) -> int:
    """The place after the last line feed among the first `size` bytes; 0 where there is none."""
    end = size
    while end > 0:
        start = max(0, end - PIECE)
        file.seek(start)
        if (at := file.read(end - start).rfind(b"\n")) >= 0:
            return start + at + 1
        end = start
    return 0
