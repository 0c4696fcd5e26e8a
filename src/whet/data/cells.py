"""Looks up a cell by its column, or by a path into nested columns such as `reward_model.ground_truth`."""

import ast
import json
import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from whet.data.fault import Row

_PYTHON = re.compile(r"\s*[\[{]\s*[\[{]?\s*'(?!.*'\s+')", re.DOTALL)
"""A list or object of Python's, whose texts stand in single quotes; not NumPy's, without commas."""
_BETWEEN = re.compile(r"(?<=[^\W_])[\s_-]+(?=[^\W_])|^\s+|\s+$")


def cell(row: Mapping[str, Any], name: str) -> Any:
    """The value of a column, of a key within one, or of a place in a list; None where there is none.

    A column with dots in its name comes first. A text that holds JSON is looked into.

    >>> row = {"extra_info": '{"answer": 7}', "choices": {"text": ["a", "b"]}}
    >>> cell(row, "extra_info.answer"), cell(row, "choices.text.1"), cell(row, "choices.label")
    (7, 'b', None)
    """
    if name in row:
        return row[name]
    head, _, rest = name.partition(".")
    inner = unpacked(row.get(head))
    if isinstance(inner, list):
        inner = {str(place): item for place, item in enumerate(inner)}
    return cell(inner, rest) if rest and isinstance(inner, dict) else None


def unpacked(value: Any) -> Any:
    """The list or object that a text holds, in JSON or as Python prints it; any other value as it is."""
    if not isinstance(value, str) or value.lstrip()[:1] not in ("{", "["):
        return value
    try:
        found = ast.literal_eval(value.strip()) if _PYTHON.match(value) else json.loads(value)
    except (ValueError, SyntaxError, RecursionError, MemoryError):
        return value
    return found if isinstance(found, dict | list) else value


def find_name(names: Iterable[str], present: Sequence[str], rows: Sequence[Row] = ()) -> str | None:
    """The first of `names` among the columns, however it is spelled, or within one of them in most of `rows`.

    >>> find_name(["question"], ["ID", "Question"]), find_name(["final_answer"], ["Final Answer"])
    ('Question', 'Final Answer')
    """
    return next(iter(find_names(names, present, rows)), None)


def find_names(names: Iterable[str], present: Sequence[str], rows: Sequence[Row] = ()) -> list[str]:
    """All of `names` that `find_name` could return, in their order."""
    known = {_spelled(column): column for column in reversed(present)}
    found = [
        name if name in present or "." in name else known[_spelled(name)]
        for name in names
        if name in present or _spelled(name) in known or ("." in name and _is_inside(name, present, rows))
    ]
    return list(dict.fromkeys(found))


def _spelled(name: str) -> str:
    """A name without what different writers spell differently: case, spaces, hyphens, underscores."""
    return _BETWEEN.sub("", name.casefold())


def _is_inside(name: str, present: Sequence[str], rows: Sequence[Row]) -> bool:
    if name.partition(".")[0] not in present:
        return False
    return 2 * sum(cell(row, name) is not None for row in rows) > len(rows)
