"""Finds the rows of a JSON document, however it wraps them: `{"data": […]}`, splits, columns, pandas' forms."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from whet.errors import UserError

Found = list[Any] | None
"""Rows in order; None where the document has another form."""

SPLITS: Mapping[str, tuple[str, ...]] = {
    "train": ("train", "training"),
    "test": ("test", "testing", "validation", "valid", "val", "dev", "eval"),
}
"""Keys under which a document keeps the rows of a split, by priority."""


def document_rows(document: Any, where: str, split: str) -> list[Any]:
    """The rows of a parsed document; of several lists, the one of the split.

    An object that wraps nothing is a row by itself. Raises `UserError` where several lists could be meant, or a table
    has no names for its columns.

    >>> document_rows({"data": [{"a": 1}]}, "x.json", "train")
    [{'a': 1}]
    >>> document_rows({"a": {"0": 1, "1": 2}, "b": {"0": 3, "1": 4}}, "x.json", "train")
    [{'a': 1, 'b': 3}, {'a': 2, 'b': 4}]
    """
    if isinstance(document, list):
        return document
    if not isinstance(document, dict):
        raise UserError(f"{where} holds {str(document)[:40]!r}, not rows; write a list of objects with columns")
    for read in _FORMS:
        found = read(document)
        if found is not None:
            return found
    return _wrapped(document, where, split)


def _split_form(document: Mapping[str, Any]) -> Found:
    """pandas' `orient="split"`: `{"columns": […], "data": [[…]]}`."""
    names, data = document.get("columns"), document.get("data")
    if not isinstance(names, list) or not isinstance(data, list):
        return None
    if not all(isinstance(row, list) and len(row) == len(names) for row in data):
        return None
    return [dict(zip(names, row, strict=True)) for row in data]


def _viewer_form(document: Mapping[str, Any]) -> Found:
    """The data set viewer's form: `{"rows": [{"row_idx": 0, "row": {…}}]}`."""
    rows: Any = document.get("rows")
    if not _is_rows(rows) or not all(isinstance(row.get("row"), dict) for row in rows):
        return None
    return [row["row"] for row in rows]


def _table_form(document: Mapping[str, Any]) -> Found:
    """pandas' forms by columns and by index: objects of the same keys within an object."""
    inner = list(document.values())
    if len(inner) < 2 and not (inner and isinstance(inner[0], dict) and _are_numbers(inner[0])):
        return None
    if not all(isinstance(value, dict) and value.keys() == inner[0].keys() != set() for value in inner):
        return None
    if not _are_numbers(document) and _are_numbers(inner[0]):
        return [{name: column[index] for name, column in document.items()} for index in inner[0]]
    return inner


def _list_form(document: Mapping[str, Any]) -> Found:
    """Columns of lists, all of one length: `{"question": […], "answer": […]}`."""
    columns = list(document.values())
    if len(columns) < 2 or not all(isinstance(column, list) for column in columns):
        return None
    if any(map(_is_rows, columns)) or len({len(column) for column in columns}) > 1:
        return None
    return [dict(zip(document, row, strict=True)) for row in zip(*columns, strict=True)]


_FORMS: Sequence[Callable[[Mapping[str, Any]], Found]] = (_split_form, _viewer_form, _list_form, _table_form)


def _wrapped(document: dict[str, Any], where: str, split: str) -> list[Any]:
    """The one list of objects in a document, or that of the split."""
    lists = {key: value for key, value in document.items() if _is_rows(value)}
    if not lists and len(document) == 1 and isinstance(inner := next(iter(document.values())), dict):
        return list(document_rows(inner, where, split))
    if not lists or any(isinstance(value, str) for key, value in document.items() if _names_text(key)):
        return [document]
    named = [key for name in SPLITS.get(split, (split,)) for key in lists if key.lower() == name]
    if named or len(lists) == 1:
        return list(lists[named[0] if named else next(iter(lists))])
    raise UserError(f"{where} holds several lists ({', '.join(lists)}), and none is named {split}; give each its file")


def _names_text(key: str) -> bool:
    """Whether the key is that of a question: then the object is a row, whose list is one of its columns."""
    return key.lower() in ("question", "prompt", "problem", "query", "instruction", "answer")


def _is_rows(value: Any) -> bool:
    """Whether a value is a list of objects, and not the turns of a conversation."""
    is_list = isinstance(value, list) and bool(value) and all(isinstance(row, dict) for row in value)
    return is_list and not any({"role", "from"} & row.keys() for row in value)


def _are_numbers(keys: Mapping[str, Any]) -> bool:
    return bool(keys) and all(key.lstrip("-").isdigit() for key in keys)
