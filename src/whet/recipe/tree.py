"""Transforms a recipe before validation: shorthands, file paths, overrides, section defaults."""

from collections.abc import Iterator
from copy import deepcopy
from pathlib import Path
from typing import Any

from pydantic import BaseModel

from whet.config import Config
from whet.data.sources import SOURCES
from whet.recipe import keys
from whet.recipe.keys import dotted, key_of, pattern
from whet.recipe.suggest import unknown_key
from whet.recipe.yaml_lines import read_value

Tree = dict[str, Any]

_SOURCES = (("data", "train"), ("data", "mix"), ("data", "test"), ("sft", "data"))


def longhand(tree: Tree) -> Tree:
    """Returns the tree with every shorthand expanded, at any depth."""
    return {name: _long(value, (name,)) for name, value in tree.items()}


def _long(value: Any, path: keys.Path) -> Any:
    if isinstance(value, dict):
        return {name: _long(inner, (*path, name)) for name, inner in value.items()}
    if isinstance(value, list):
        return [_long(inner, (*path, index)) for index, inner in enumerate(value)]
    short = _shorthand(path)
    return {short: value} if short and isinstance(value, str) else value


def _shorthand(path: keys.Path) -> str | None:
    """The key that a text in place of the section at a path is short for; None where there is no shorthand."""
    in_list = isinstance(path[-1], int)
    key = keys.known_keys().get(pattern(path[:-1] if in_list else path))
    if key is None or in_list != (list in key.types):
        return None
    return next(filter(None, (getattr(kind, "shorthand", None) for kind in key.types)), None)


def name_files(tree: Tree, folder: Path) -> None:
    """Replaces the names of models, data and reward files that exist in `folder` by absolute paths, in place."""
    for holder, key in list(_file_names(tree)):
        file, python, function = holder[key].partition(".py:")
        path = folder / Path(f"{file}.py" if python else file).expanduser()
        if path.exists():
            holder[key] = f"{path.resolve()}:{function}" if python else str(path.resolve())


def _file_names(tree: Tree) -> Iterator[tuple[Tree, str]]:
    """Yields each (mapping, key) of the tree whose value may name a file or folder."""
    model = tree.get("model")
    if isinstance(model, dict) and isinstance(model.get("name"), str) and model["name"]:
        yield model, "name"
    for source in _sources(tree):
        for key in ("name", "path"):
            if isinstance(source.get(key), str) and source[key] and source[key] not in SOURCES:
                yield source, key
    rewards = tree.get("rewards")
    for reward in rewards if isinstance(rewards, list) else ():
        if isinstance(reward, dict) and ".py:" in str(reward.get("name")):
            yield reward, "name"


def _sources(tree: Tree) -> Iterator[Tree]:
    """Yields each section of the tree that is a data source."""
    for first, second in _SOURCES:
        section = tree.get(first)
        found = section.get(second) if isinstance(section, dict) else None
        yield from (source for source in (found if isinstance(found, list) else [found]) if isinstance(source, dict))


def override(tree: Tree, path: keys.Path, value: Any) -> None:
    """Sets the value at a path in place, creating the sections on the way.

    A text is read as YAML, unless the key takes a text. Raises `ValueError` for an unknown key or list index, with
    the fix, and `UserError` for a value that is not YAML.
    """
    if not keys.is_known(path):
        raise ValueError(unknown_key(path))
    value = deepcopy(_value(path, value))
    if isinstance(value, str) and (short := _shorthand(path)):
        path = (*path, short)
    node: Any = tree
    for depth, part in enumerate(path[:-1], 1):
        node = _enter(node, part, path[:depth])
    _put(node, path[-1], value, path)


def _value(path: keys.Path, value: Any) -> Any:
    key = key_of(path)
    takes_text = key is not None and str in key.types and not {list, dict} & key.types and not key.choices
    is_null = value == "null" and key is not None and type(None) in key.types
    return value if not isinstance(value, str) or (takes_text and not is_null) else read_value(value)


def _enter(node: Any, part: str | int, path: keys.Path) -> Any:
    """The container under `part`, created if missing; an absent list starts as its default."""
    inside = node[part] if (part in node if isinstance(node, dict) else part in range(len(node))) else None
    if not isinstance(inside, dict | list):
        key = keys.known_keys().get(pattern(path))
        inside = deepcopy(key.default) if key and isinstance(key.default, list) else {}
        _put(node, part, inside, path)
    return inside


def _put(node: Any, part: str | int, value: Any, path: keys.Path) -> None:
    if isinstance(node, dict):
        node[part] = value
    elif part == len(node):
        node.append(value)
    elif part in range(len(node)):
        node[part] = value
    else:
        raise ValueError(f"there are {len(node)}; the next one is {dotted((*path[:-1], len(node)))}")


def with_section_defaults(tree: Tree, section: type[BaseModel] = Config) -> Tree:
    """Returns the tree with partly given sections filled up from their own default.

    The default of `sft.optimizer` has another learning rate than its class: giving its betas alone must not change it.
    """
    filled = dict(tree)
    for name, field in section.model_fields.items():
        key, default = field.alias or name, field.default
        given = tree.get(key)
        if isinstance(default, BaseModel) and isinstance(given, dict):
            filled[key] = with_section_defaults({**default.model_dump(exclude_unset=True), **given}, type(default))
    return filled
