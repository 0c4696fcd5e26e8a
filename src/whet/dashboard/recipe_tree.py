"""The resolved recipe of a run as a tree, parsed again only when its file has changed."""

from functools import lru_cache
from pathlib import Path
from typing import Any

import yaml

from whet.runs import layout


def recipe_tree(folder: Path) -> dict[str, Any]:
    """The recipe of the run in `folder`; empty where it cannot be read. Do not change it."""
    path = folder / layout.RECIPE
    try:
        status = path.stat()
    except OSError:
        return {}
    return _parsed(path, status.st_mtime_ns, status.st_size)


@lru_cache(maxsize=256)
def _parsed(path: Path, _changed: int, _size: int) -> dict[str, Any]:
    try:
        tree = _loaded(path.read_text(encoding="utf-8"))
    except (OSError, ValueError, yaml.YAMLError, RecursionError):
        return {}
    return tree if isinstance(tree, dict) else {}


def _loaded(text: str) -> Any:
    """As `yaml.safe_load`, by libyaml where that is there: ten times as fast."""
    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)(text)
    try:
        return loader.get_single_data()
    finally:
        loader.dispose()
