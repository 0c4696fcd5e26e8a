"""Reads and writes strict JSON Lines: NaN and infinities become null, secrets are redacted."""

import json
import math
import os
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from whet.errors import UserError
from whet.files import write_bytes
from whet.redact import redacted


def encode(record: Mapping[str, Any], indent: int | None = None) -> bytes:
    """Encodes `record` as strict JSON in UTF-8. Numbers keep every digit; NaN and infinities become null.

    >>> encode({"loss": float("nan"), "reward": 0.1, "text": "π"}).decode()
    '{"loss": null, "reward": 0.1, "text": "π"}'
    """
    return _encode([record], indent)


def _encode(records: list[Mapping[str, Any]], indent: int | None = None, end: str = "") -> bytes:
    text = "".join(_dump(record, indent) + end for record in redacted(records))
    # backslashreplace writes a lone surrogate, which UTF-8 cannot encode, as `\udXXX`: also its JSON escape
    return text.encode("utf-8", errors="backslashreplace")


def _dump(record: Mapping[str, Any], indent: int | None) -> str:
    options: dict[str, Any] = {"ensure_ascii": False, "allow_nan": False, "indent": indent, "default": _plain}
    try:
        return json.dumps(record, **options)
    except ValueError:
        return json.dumps(_finite(record), **options)


def _plain(value: Any) -> Any:
    """Converts numpy and torch scalars to numbers, anything else to `str`."""
    return _finite(value.item()) if hasattr(value, "item") else str(value)


def _finite(value: Any) -> Any:
    """Returns `value` with None for every NaN and infinity, which JSON does not have."""
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, Mapping):
        return {key: _finite(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_finite(item) for item in value]
    return value


def append(path: Path, record: Mapping[str, Any]) -> None:
    """Appends one line to `path` and fsyncs; a write that fails (a full disk) is undone by truncating the file."""
    line = encode(record) + b"\n"
    with path.open("ab", buffering=0) as file:
        end = file.seek(0, os.SEEK_END)
        try:
            file.write(line)
            os.fsync(file.fileno())
        except OSError:
            file.truncate(end)
            raise


def write(path: Path, records: Iterable[Mapping[str, Any]]) -> None:
    """Writes `path` atomically, one line per record."""
    write_bytes(path, _encode(list(records), end="\n"))


def read(path: Path) -> list[dict[str, Any]]:
    """Returns the records in `path`; none where there is no file. A last line without its newline is left out.

    Raises `UserError` with the line's number where a finished line is not a JSON object.
    """
    return Tail(path).read()


class Tail:
    """Incremental reader of a growing JSONL file: each read parses only what was added since the last one."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._restart()

    def _restart(self) -> None:
        self._records: list[dict[str, Any]] = []
        self._inode = self._lines = self._end = 0
        self._last = b""

    def read(self) -> list[dict[str, Any]]:
        """Returns all records so far, as `read` does. A file that was truncated or replaced is read from its start."""
        try:
            with self.path.open("rb") as file:
                inode = os.fstat(file.fileno()).st_ino
                file.seek(self._end - len(self._last))  # reads the last line again, to see that it is still there
                added = file.read()
                # a rewind replaces the file (new inode); `append` on a full disk truncates it (another last line)
                if inode != self._inode or not added.startswith(self._last):
                    self._restart()
                    file.seek(0)
                    added = file.read()
                self._inode = inode
        except FileNotFoundError:
            self._restart()
            return []
        *lines, _unfinished = added[len(self._last) :].split(b"\n")
        numbered = enumerate(lines, self._lines + 1)
        self._records += [_decode(self.path, number, line) for number, line in numbered if line.strip()]
        if lines:
            self._lines += len(lines)
            self._last = lines[-1] + b"\n"
            self._end += sum(map(len, lines)) + len(lines)
        return self._records


def _decode(path: Path, number: int, line: bytes) -> dict[str, Any]:
    try:
        record = json.loads(line)
    except ValueError as error:
        raise UserError(f"{path}, line {number}: not JSON ({error}); take the line out") from error
    if not isinstance(record, dict):
        raise UserError(f"{path}, line {number}: not a JSON object; take the line out")
    return record
