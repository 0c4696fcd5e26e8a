"""Reads rows of JSONL, JSON, CSV, TSV, Parquet and Arrow files; a broken row becomes a `Fault` with the reason.

Files may be compressed, and are then named as in `train.jsonl.gz`. A `Fault` never ends the reading, and no row is kept
past `fault.LONGEST` bytes. Only a file that is unreadable as a whole raises `UserError`.
"""

import zlib
from collections.abc import Callable, Mapping
from functools import partial
from gzip import BadGzipFile
from lzma import LZMAError
from pathlib import Path

from whet.data.arrow_rows import read_arrow, read_parquet
from whet.data.csv_rows import read_csv
from whet.data.fault import Rows
from whet.data.file_bytes import COMPRESSED, TABLES, first_bytes, refuse_no_table, row_suffix
from whet.data.json_rows import read_json, read_jsonl
from whet.errors import UserError, did_you_mean


def read_rows(path: Path, split: str = "train", config: str | None = None) -> Rows:
    """Reads the rows of a file in the format of its suffix, or of a folder of a data set.

    `split` chooses among those of a folder or a JSON document, `config` among the configurations of a folder.
    Raises `UserError` where a file is empty, unreadable, or holds no table.
    """
    if path.is_dir():
        from whet.data.dataset_folder import folder_rows

        return folder_rows(path, config, split)
    if path.stat().st_size == 0:
        raise UserError(f"{path} is empty")
    start = first_bytes(path)
    suffix = next((suffix for magic, suffix in TABLES.items() if start.startswith(magic)), row_suffix(path))
    return _whole(path, JSON_READERS[suffix](path, split) if suffix in JSON_READERS else READERS[suffix](path))


def _whole(path: Path, rows: Rows) -> Rows:
    """The rows; raises `UserError` where the compressed file that they come from breaks off."""
    try:
        yield from rows
    except (EOFError, BadGzipFile, LZMAError, zlib.error, OSError) as error:
        raise UserError(f"{path} cannot be read ({error or type(error).__name__}); fetch it anew") from error


READERS: Mapping[str, Callable[[Path], Rows]] = {
    ".jsonl": read_jsonl,
    ".ndjson": read_jsonl,
    ".json": read_json,
    ".csv": read_csv,
    ".tsv": partial(read_csv, delimiter="\t"),
    ".parquet": read_parquet,
    ".arrow": read_arrow,
    ".feather": read_arrow,
}
"""Readers by suffix, in the order in which a folder is searched."""

JSON_READERS: Mapping[str, Callable[[Path, str], Rows]] = {
    ".jsonl": read_jsonl,
    ".ndjson": read_jsonl,
    ".json": read_json,
}
"""Readers of files that may hold several splits."""


def locate(path: str | Path, split: str, config: str | None = None) -> Path:
    """The file of a split: `path` itself, or in a folder `train.jsonl`, `test.csv.gz` etc.

    A folder without such a file is returned itself where it holds a data set with that split. Raises `UserError`
    where there is nothing to read.
    """
    found = Path(path).expanduser()
    if found.is_dir():
        inside = [found / f"{split}{suffix}{packed}" for suffix in READERS for packed in ("", *COMPRESSED)]
        found = next((file for file in inside if file.is_file()), found)
    if found.is_dir():
        return _checked_folder(found, split, config)
    if not found.is_file():
        beside = [file.name for file in found.parent.iterdir()] if found.parent.is_dir() else []
        if _is_pattern(found.name):
            raise UserError(f"{found} is a pattern; name the folder, whose files are read as one table")
        raise UserError(f"there is no file {found}{did_you_mean(found.name, beside)}")
    if row_suffix(found) not in READERS:
        refuse_no_table(found)
        raise UserError(f"{found} is not of a kind that Whet reads: {', '.join(READERS)}")
    return found


def _is_pattern(name: str) -> bool:
    return any(sign in name for sign in "*?[")


def _checked_folder(folder: Path, split: str, config: str | None) -> Path:
    """The folder; raises `UserError` where it holds no data set with the split."""
    from whet.data.dataset_folder import check_folder

    if not any(row_suffix(file) in READERS for file in folder.rglob("*")):
        raise UserError(f"there is no file {folder / split}.jsonl, and nothing else in {folder} that Whet reads")
    try:
        check_folder(folder, config, split)
    except UserError as error:
        plain = sorted(file.name for file in folder.iterdir() if row_suffix(file) in READERS)
        if not plain or (folder / "README.md").is_file():
            raise
        beside = f"beside it are {', '.join(plain[:5])}; set split to one of these names, without its suffix"
        raise UserError(f"there is no file {folder / split}.jsonl; {beside}") from error
    return folder
