"""Reads rows of CSV files, whatever parts their cells; one broken row costs no other."""

import csv
import re
from itertools import count
from pathlib import Path
from typing import TYPE_CHECKING, Self, TextIO

from whet.data import fault
from whet.data.fault import Fault, Row, Rows, refuse_twice
from whet.data.file_bytes import open_text
from whet.errors import UserError

if TYPE_CHECKING:
    import _csv

DELIMITERS = (",", ";", "\t", "|")
"""What may part the cells of a CSV file, by priority."""


def read_csv(path: Path, delimiter: str | None = None) -> Rows:
    """Rows of a table with a header; its cells are parted by what parts the header, unless `delimiter` is given.

    A first line such as `sep=;`, as Excel writes it, says what parts them. Spaces behind what parts the header, as in
    `question, answer`, belong to no cell.
    """
    limit = csv.field_size_limit(fault.LONGEST)  # a setting of the whole process
    try:
        with open_text(path) as text:
            first = text.readline(fault.LONGEST)
            said = _SEPARATOR.match(first)
            first = text.readline(fault.LONGEST) if said else first
        parted = said[1] if said else delimiter or max(DELIMITERS, key=first.count)
        with open_text(path) as text:
            lines = _ShortLines(text)
            if said:
                next(lines)
            spaced = 0 < first.count(parted) == first.count(f"{parted} ")
            yield from _records(path, csv.reader(lines, delimiter=parted, skipinitialspace=spaced, strict=True))
    finally:
        csv.field_size_limit(limit)


_SEPARATOR = re.compile(r"sep=(.)\s*\Z", re.IGNORECASE)


class LongLineError(csv.Error):
    """A line of a CSV file is longer than `LONGEST`."""


class _ShortLines:
    """Iterates over lines; raises `LongLineError` for one that is too long, and continues with the next."""

    def __init__(self, text: TextIO) -> None:
        self.text = text

    def __iter__(self) -> Self:
        return self

    def __next__(self) -> str:
        line = self.text.readline(fault.LONGEST + 1)
        if not line:
            raise StopIteration
        if len(line) <= fault.LONGEST:
            return line
        while line and not line.endswith(("\n", "\r")):
            line = self.text.readline(fault.LONGEST)
        raise LongLineError(f"is longer than {fault.LONGEST // 2**20} MiB")


def _records(path: Path, reader: "_csv.Reader") -> Rows:
    header = _header(path, reader)
    for number in count(2):
        read = reader.line_num
        try:
            cells = next(reader)
        except StopIteration:
            return
        except csv.Error as error:
            # A stray quote merges rows: each line of them counts as broken.
            reason = str(error) if isinstance(error, LongLineError) else f"is not CSV ({error})"
            yield from ((number, Fault(reason)) for _ in range(max(1, reader.line_num - read)))
            continue
        if cells:
            yield number, _record(header, cells)


def _header(path: Path, reader: "_csv.Reader") -> list[str]:
    """Reads and validates the names of the columns; empty ones, as over pandas' index, are of columns left out."""
    try:
        header = next(reader, [])
    except csv.Error as error:
        raise UserError(f"{path}: row 1, the header, is not CSV ({error}); write the names of the columns") from error
    if not any(name.strip() for name in header):
        raise UserError(f"{path}: row 1, the header, is empty; write the names of the columns")
    if any(map(_is_undecoded, header)):
        raise UserError(f"{path}: row 1, the header, is not UTF-8; {fault.RECODE}")
    refuse_twice(path, [name for name in header if name.strip()])
    return header


def _record(header: list[str], cells: list[str]) -> Row | Fault:
    if len(cells) != len(header):
        return Fault(f"has {len(cells)} cells where the header has {len(header)}")
    if any(map(_is_undecoded, cells)):
        return Fault("is not UTF-8")
    return {name: text for name, text in zip(header, cells, strict=True) if name.strip()}


def _is_undecoded(cell: str) -> bool:
    # `surrogateescape` decodes a byte that is no UTF-8 to U+DC80…U+DCFF.
    return not cell.isascii() and any("\udc80" <= letter <= "\udcff" for letter in cell)
