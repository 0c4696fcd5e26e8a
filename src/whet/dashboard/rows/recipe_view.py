"""The recipe of a run, key by key, beside the defaults; and what differs between the recipes of several runs."""

from collections.abc import Iterator, Sequence
from typing import Any

from whet.dashboard.open_run import OpenRun
from whet.dashboard.rows.shares import Row
from whet.errors import UserError
from whet.recipe.keys import known_keys, pattern

OWN = ("run.name", "run.folder")
"""Keys that say where a run lies, not what it does."""

Path = tuple[str | int, ...]


def recipe(run: OpenRun) -> Row:
    """The text of the resolved recipe, its keys with their defaults, and the manifest."""
    try:
        text, manifest = run.reader.recipe, run.reader.manifest
    except (OSError, UserError) as error:
        raise UserError(f"recipe: cannot be read ({error})") from error
    rows = [_row(path, value) for path, value in leaves(run.tree)]
    return {"text": text, "rows": rows, "manifest": manifest}


def diff(runs: Sequence[OpenRun]) -> Row:
    """The keys whose values differ between the recipes of `runs`, with the value of each; None where one has no such
    key."""
    trees = [{_dotted(path): (path, value) for path, value in leaves(run.tree)} for run in runs]
    keys = list(dict.fromkeys(key for tree in trees for key in tree if key not in OWN))
    rows = []
    for key in keys:
        values = [tree[key][1] if key in tree else None for tree in trees]
        if any(value != values[0] for value in values):
            path = next(tree[key][0] for tree in trees if key in tree)
            rows.append({"key": key, "values": values, "says": _says(path)})
    return {"runs": [run.id for run in runs], "rows": rows, "same": len(keys) - len(rows)}


def leaves(tree: Any, path: Path = ()) -> Iterator[tuple[Path, Any]]:
    """Yields the path and value of everything in a tree that is no section; an empty one counts as a value.

    >>> list(leaves({"a": {"b": 1, "c": []}, "d": [{"e": 2}]}))
    [(('a', 'b'), 1), (('a', 'c'), []), (('d', 0, 'e'), 2)]
    """
    if isinstance(tree, dict) and tree:
        for key, value in tree.items():
            yield from leaves(value, (*path, str(key)))
    elif isinstance(tree, list) and any(isinstance(item, dict) for item in tree):
        for place, value in enumerate(tree):
            yield from leaves(value, (*path, place))
    else:
        yield path, tree


def _dotted(path: Path) -> str:
    return ".".join(map(str, path))


def _says(path: Path) -> str:
    known = known_keys().get(pattern(path))
    return known.sentence if known else ""


def _row(path: Path, value: Any) -> Row:
    known = known_keys().get(pattern(path))
    default = known.default if known else None
    changed = known is not None and (known.required or value != default)
    return {"key": _dotted(path), "value": value, "default": default, "changed": changed, "says": _says(path)}
