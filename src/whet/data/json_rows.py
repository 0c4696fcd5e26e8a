"""Reads rows of JSON files: one object per line, or a document that holds them."""

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any, BinaryIO

from whet.data import fault
from whet.data.fault import RECODE, Fault, Row, Rows
from whet.data.file_bytes import open_bytes
from whet.data.json_document import document_rows
from whet.errors import UserError

_SPACE = re.compile(r"\s*")


def read_jsonl(path: Path, split: str = "train") -> Rows:
    """Rows of one JSON object per line, of objects over several lines each, or of a JSON document."""
    document = _document(path, split)
    if document is not None:
        yield from document
        return
    with open_bytes(path) as file:
        for number, line in enumerate(_lines(file), 1):
            if isinstance(line, Fault) or line.strip():
                yield number, line if isinstance(line, Fault) else _parse(line)


def _document(path: Path, split: str) -> Rows | None:
    """The rows of a file that is one JSON document; None for a file of lines, or of no JSON."""
    with open_bytes(path) as file:
        lines = (line for line in _lines(file) if isinstance(line, Fault) or line.strip())
        first, second = next(lines, b""), next(lines, None)
        if isinstance(first, Fault) or (second is not None and isinstance(_parse(first), dict)):
            return None
    with open_bytes(path) as file:
        text = file.read()
    try:
        values = _values(text.decode())
        rows = document_rows(values[0], str(path), split) if len(values) == 1 else values
    except (ValueError, RecursionError):
        return None
    return [(number, _as_row(value)) for number, value in enumerate(rows, 1)]


def _values(text: str) -> list[Any]:
    """The JSON values of a text, one after the other, as `jq` prints them; `ValueError` for anything else, or none."""
    decoder, values, place = json.JSONDecoder(), list[Any](), 0
    while place < len(text) or not values:
        space = _SPACE.match(text, place)
        place = space.end() if space else place
        if place == len(text) and values:
            break
        value, place = decoder.raw_decode(text, place)
        values.append(value)
    return values


def read_json(path: Path, split: str = "train") -> Rows:
    """As `read_jsonl`; raises `UserError` for a list that is broken as a whole."""
    document = _document(path, split)
    if document is not None:
        return document
    with open_bytes(path) as file:
        text = file.read()
    if text.lstrip().startswith(b"[") or not text.lstrip().startswith(b"{"):
        _refuse_broken(path, text)
    return read_jsonl(path, split)


def _refuse_broken(path: Path, text: bytes) -> None:
    try:
        json.loads(text.decode())
    except UnicodeDecodeError as error:
        line = text.count(b"\n", 0, error.start) + 1
        raise UserError(f"{path}: line {line} is not UTF-8; {RECODE}") from error
    except (ValueError, RecursionError) as error:
        raise UserError(f"{path} is not JSON: {error}") from error


def _lines(file: BinaryIO) -> Iterator[bytes | Fault]:
    while line := file.readline(fault.LONGEST + 1):
        if len(line) <= fault.LONGEST:
            yield line
            continue
        while line and not line.endswith(b"\n"):
            line = file.readline(fault.LONGEST)
        yield Fault(f"is longer than {fault.LONGEST // 2**20} MiB")


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
