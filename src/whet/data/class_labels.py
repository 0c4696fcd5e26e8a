"""Columns of class labels: the numbers that a table holds, and the names that `datasets` keeps beside them."""

import json
from collections.abc import Mapping, Sequence
from typing import Any

from whet.data.fault import Row

Names = Mapping[str, Sequence[str]]
"""By column, the names of its classes: that of number 0 first."""


def label_names(features: Mapping[str, Any] | None) -> Names:
    """The columns of a data set's features that are class labels; those whose names are their numbers are left out."""
    found = {column: getattr(kind, "names", None) for column, kind in (features or {}).items()}
    return _worded(found)


def labels_in(metadata: Mapping[bytes, bytes] | None) -> Names:
    """`label_names` of an Arrow schema's metadata, as `datasets` writes them into Parquet and Arrow files."""
    try:
        features = json.loads((metadata or {})[b"huggingface"])["info"]["features"]
        kinds = {column: kind for column, kind in features.items() if isinstance(kind, dict)}
    except (KeyError, TypeError, ValueError, AttributeError):
        return {}
    found = {column: kind.get("names") for column, kind in kinds.items() if kind.get("_type") == "ClassLabel"}
    return _worded(found)


def _worded(found: Mapping[str, Any]) -> Names:
    lists = {column: names for column, names in found.items() if isinstance(names, list) and names}
    return {column: names for column, names in lists.items() if names != [str(n) for n in range(len(names))]}


def with_names(row: Row, names: Names) -> Row:
    """The row with the names of its classes in place of their numbers; −1, which stands for no class, is None.

    >>> with_names({"premise": "It rains.", "label": 1}, {"label": ["entailment", "neutral"]})
    {'premise': 'It rains.', 'label': 'neutral'}
    """
    found = {column: _name(row[column], names[column]) for column in names if column in row}
    return {**row, **found} if found else row


def _name(value: Any, names: Sequence[str]) -> Any:
    if not isinstance(value, int) or not -1 <= value < len(names):
        return value
    return names[value] if value >= 0 else None
