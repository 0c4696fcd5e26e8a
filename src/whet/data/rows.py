"""Reads rows of JSONL, JSON, CSV, TSV and Parquet files; a broken row becomes a `Fault` with the reason.

A `Fault` never ends the reading, and no row is kept past `LONGEST` bytes. Only a file that is unreadable as a whole
raises `UserError`.
"""

import csv
import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO, Self, TextIO

from whet.errors import UserError, did_you_mean

if TYPE_CHECKING:
    import _csv

LONGEST = 16 * 2**20
"""Bytes of a line, or characters of a CSV cell, beyond which a row is broken."""


@dataclass(frozen=True, slots=True)
class Fault:
    """A broken row, with the reason."""

    reason: str


Row = dict[str, Any]
Rows = Iterable[tuple[int, Row | Fault]]
"""Each row with its number, as an editor or a spreadsheet counts it: from 1, a CSV header included."""


def read_rows(path: Path) -> Rows:
    """Reads the rows of a file in the format of its suffix; raises `UserError` where it is empty or unreadable."""
    if path.stat().st_size == 0:
        raise UserError(f"{path} is empty")
    return READERS[path.suffix.lower()](path)


def _read_jsonl(path: Path) -> Rows:
    with path.open("rb") as file:
        _refuse_utf16(path, file)
        for number, line in enumerate(_lines(file), 1):
            if isinstance(line, Fault) or line.strip():
                yield number, line if isinstance(line, Fault) else _parse(line)


def _refuse_utf16(path: Path, file: BinaryIO) -> None:
    """Raises `UserError` for UTF-16, and skips a UTF-8 byte order mark."""
    start = file.read(3)
    if start[:2] in (b"\xff\xfe", b"\xfe\xff"):
        raise UserError(f"{path} is UTF-16; save it as UTF-8")
    if start != b"\xef\xbb\xbf":
        file.seek(0)


def _lines(file: BinaryIO) -> Iterator[bytes | Fault]:
    while line := file.readline(LONGEST + 1):
        if len(line) <= LONGEST:
            yield line
            continue
        while line and not line.endswith(b"\n"):
            line = file.readline(LONGEST)
        yield Fault(f"is longer than {LONGEST // 2**20} MiB")


def _parse(line: bytes) -> Row | Fault:
    try:
        row = json.loads(line.decode().strip())
    except UnicodeDecodeError as error:
        return Fault(f"is not UTF-8 (byte {error.start + 1})")
    except RecursionError:
        return Fault("is nested too deeply")
    except json.JSONDecodeError as error:
        return Fault(f"is not JSON: {error.msg} at column {error.colno}")
    except ValueError as error:  # a number of thousands of digits
        return Fault(f"is not JSON: {error}")
    return _as_row(row)


def _as_row(value: Any) -> Row | Fault:
    if isinstance(value, dict):
        return value
    return Fault(f"is {repr(value)[:40]}, not an object with columns")


def _read_json(path: Path) -> Rows:
    """Rows of a JSON list of objects, or of one object per line."""
    with path.open("rb") as file:
        _refuse_utf16(path, file)
        text = file.read()
    if not text.lstrip().startswith(b"["):
        return _read_jsonl(path)
    try:
        return [(number, _as_row(value)) for number, value in enumerate(json.loads(text.decode()), 1)]
    except UnicodeDecodeError as error:
        line = text.count(b"\n", 0, error.start) + 1
        raise UserError(f"{path}: line {line} is not UTF-8; save the file as UTF-8") from error
    except (ValueError, RecursionError) as error:
        raise UserError(f"{path} is not JSON: {error}") from error


def _read_csv(path: Path, delimiter: str = ",") -> Rows:
    with path.open("rb") as file:
        _refuse_utf16(path, file)
    limit = csv.field_size_limit(LONGEST)  # a setting of the whole process
    try:
        with path.open(encoding="utf-8-sig", errors="surrogateescape", newline="") as text:
            yield from _records(path, csv.reader(_ShortLines(text), delimiter=delimiter, strict=True))
    finally:
        csv.field_size_limit(limit)


class LongLineError(csv.Error):
    """A line of a CSV file is longer than `LONGEST`."""


class _ShortLines:
    """Iterates over lines; raises `LongLineError` for one that is too long, and continues with the next."""

    def __init__(self, text: TextIO) -> None:
        self.text = text

    def __iter__(self) -> Self:
        return self

    def __next__(self) -> str:
        line = self.text.readline(LONGEST + 1)
        if not line:
            raise StopIteration
        if len(line) <= LONGEST:
            return line
        while line and not line.endswith(("\n", "\r")):
            line = self.text.readline(LONGEST)
        raise LongLineError(f"is longer than {LONGEST // 2**20} MiB")


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
    """Reads and validates the names of the columns."""
    try:
        header = next(reader, [])
    except csv.Error as error:
        raise UserError(f"{path}: row 1, the header, is not CSV ({error}); write the names of the columns") from error
    if not any(name.strip() for name in header):
        raise UserError(f"{path}: row 1, the header, is empty; write the names of the columns")
    if any(map(_is_undecoded, header)):
        raise UserError(f"{path}: row 1, the header, is not UTF-8; save the file as UTF-8")
    _refuse_twice(path, header)
    return header


def _refuse_twice(path: Path, names: Sequence[str]) -> None:
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        raise UserError(f"{path}: the column {twice[0]!r} stands in the header twice")


def _record(header: list[str], cells: list[str]) -> Row | Fault:
    if len(cells) != len(header):
        return Fault(f"has {len(cells)} cells where the header has {len(header)}")
    if any(map(_is_undecoded, cells)):
        return Fault("is not UTF-8")
    return dict(zip(header, cells, strict=True))


def _is_undecoded(cell: str) -> bool:
    # `surrogateescape` decodes a byte that is no UTF-8 to U+DC80…U+DCFF.
    return not cell.isascii() and any("\udc80" <= letter <= "\udcff" for letter in cell)


def _read_tsv(path: Path) -> Rows:
    return _read_csv(path, "\t")


def _read_parquet(path: Path) -> Rows:
    import pyarrow
    from pyarrow import parquet

    number = 0
    try:
        with parquet.ParquetFile(path) as file:
            _refuse_twice(path, file.schema_arrow.names)
            for batch in file.iter_batches():
                for index in range(batch.num_rows):
                    number += 1
                    yield number, _cells(batch, index)
    except (pyarrow.ArrowException, OSError) as error:
        where = f" past row {number}" if number else ""
        raise UserError(f"{path} is not a readable Parquet file{where}: {str(error).partition(chr(10))[0]}") from error


def _cells(batch: Any, index: int) -> Row | Fault:
    try:
        return {name: batch.column(name)[index].as_py() for name in batch.schema.names}
    except UnicodeDecodeError:
        return Fault("is not UTF-8")
    except (ValueError, OverflowError) as error:
        return Fault(f"has a value that Python cannot represent ({error})")


READERS: Mapping[str, Callable[[Path], Rows]] = {
    ".jsonl": _read_jsonl,
    ".json": _read_json,
    ".csv": _read_csv,
    ".tsv": _read_tsv,
    ".parquet": _read_parquet,
}
"""Readers by suffix, in the order in which a folder is searched."""


def locate(path: str | Path, split: str) -> Path:
    """The file of a split: `path` itself, or in a folder `train.jsonl`, `test.csv` etc.; `UserError` without one."""
    found = Path(path).expanduser()
    if found.is_dir():
        inside = [found / f"{split}{suffix}" for suffix in READERS]
        found = next((file for file in inside if file.is_file()), inside[0])
    if not found.is_file():
        beside = [file.name for file in found.parent.iterdir()] if found.parent.is_dir() else []
        raise UserError(f"there is no file {found}{did_you_mean(found.name, beside)}")
    if found.suffix.lower() not in READERS:
        raise UserError(f"{found} is not of a kind that Whet reads: {', '.join(READERS)}")
    return found
