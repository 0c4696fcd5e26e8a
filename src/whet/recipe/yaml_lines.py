"""Reads and writes a recipe's YAML, with the line of every key; duplicate keys are errors.

Scalars follow YAML 1.2: `1e-5` is a number; `no` and `on` are text.
"""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date
from functools import partial
from typing import Any

import yaml

from whet.errors import UserError
from whet.recipe.keys import Path, dotted

_BREAKS = re.compile("[\x85\u2028\u2029\ufeff]")
"""Characters that YAML reads as line breaks, or drops, unless they are escaped as ASCII."""

LARGEST = 100_000
"""The largest number of values in a recipe: nested aliases could otherwise fill the memory."""

_KEYS = {"tag:yaml.org,2002:str", "tag:yaml.org,2002:merge"}

_SCALARS = (
    ("bool", r"true|True|TRUE|false|False|FALSE", "tTfF"),
    ("int", r"[-+]?(?:0|[1-9][0-9_]*)", "-+0123456789"),
    ("float", r"[-+]?(?:\d+\.\d*|\.\d+|\d+(?=[eE]))(?:[eE][-+]?\d+)?|[-+]?\.inf|\.nan", "-+0123456789."),
    ("null", r"~|null|Null|NULL|", ["~", "n", "N", ""]),
    ("merge", r"<<", "<"),
)


_RESOLVERS: dict[str, list[tuple[str, re.Pattern[str]]]] = {}
"""By the first character of a scalar, its possible tags and their patterns, in order."""

for _tag, _regex, _first in _SCALARS:
    for _letter in _first:
        _RESOLVERS.setdefault(_letter, []).append((f"tag:yaml.org,2002:{_tag}", re.compile(f"(?:{_regex})$")))


class _Loader(yaml.SafeLoader):
    yaml_implicit_resolvers = _RESOLVERS


class _Dumper(yaml.SafeDumper):
    yaml_implicit_resolvers = _RESOLVERS


_Dumper.add_representer(date, lambda dumper, day: dumper.represent_str(day.isoformat()))


@dataclass(frozen=True)
class Document:
    """A parsed recipe with the line numbers of its keys."""

    name: str
    tree: dict[str, Any]
    lines: dict[Path, int]
    """The line, from 1, of every key and list entry."""

    def place(self, path: Path) -> str:
        """Returns `recipe.yaml:12` for a path on that line, or for the section that it is missing from."""
        ends = (self.lines.get(path[:end]) for end in range(len(path), 0, -1))
        line = next((line for line in ends if line), None)
        return f"{self.name}:{line}" if line else self.name


def read_document(text: str, name: str) -> Document:
    """Parses a recipe. Raises `UserError`, naming the line, for invalid YAML, a duplicate key or no sections."""
    try:
        loader = _Loader(text)
        node = loader.get_single_node()
        if node and _size(node, {}) > LARGEST:
            raise UserError(f"{name}: holds more than {LARGEST} values once its aliases are written out")
        lines = dict(_lines(node, (), name)) if node else {}
        tree = loader.construct_document(node) if node else None
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        line = f":{mark.line + 1}" if mark else ""
        raise UserError(f"{name}{line}: is not YAML: {error.problem}") from error
    except yaml.reader.ReaderError as error:
        line = f":{text.count(chr(10), 0, error.position) + 1}"
        raise UserError(f"{name}{line}: is not YAML: holds a character that cannot be seen") from error
    except RecursionError as error:
        raise UserError(f"{name}: is nested too deeply, or holds itself") from error
    except ValueError as error:  # a number of thousands of digits, a tag that does not fit its value
        raise UserError(f"{name}: is not YAML: {error}") from error
    if not isinstance(tree, dict):
        wrong = "is empty" if tree is None else "is no mapping"
        raise UserError(f"{name}: {wrong}; a recipe has sections, such as model and data")
    return Document(name, tree, lines)


def _size(node: yaml.Node, known: dict[int, int]) -> int:
    """The number of values in a tree with aliases expanded; `known` caches it by the id of a node."""
    if id(node) not in known:
        pairs = node.value if isinstance(node, yaml.MappingNode) else ()
        items = node.value if isinstance(node, yaml.SequenceNode) else [one for pair in pairs for one in pair]
        known[id(node)] = 1 + sum(_size(item, known) for item in items)
    return known[id(node)]


def _lines(node: yaml.Node, path: Path, name: str) -> Iterator[tuple[Path, int]]:
    if isinstance(node, yaml.SequenceNode):
        for index, item in enumerate(node.value):
            yield (*path, index), item.start_mark.line + 1
            yield from _lines(item, (*path, index), name)
    if isinstance(node, yaml.MappingNode):
        first: dict[Path, int] = {}
        for key, value in node.value:
            line = key.start_mark.line + 1
            if key.tag not in _KEYS:
                shown = key.value if isinstance(key, yaml.ScalarNode) else "a list or mapping"
                raise UserError(f"{name}:{line}: {dotted((*path, shown))}: a key must be a text; put it in quotes")
            here = (*path, str(key.value))
            if here in first:
                raise UserError(f"{name}:{line}: {dotted(here)}: stands twice, first on line {first[here]}")
            first[here] = line
            yield here, line
            yield from _lines(value, here, name)


def read_value(text: str) -> Any:
    """Parses a value from the command line: a YAML scalar, list or mapping. Raises `UserError` if it is not YAML."""
    try:
        return _Loader(text).get_single_data()
    except (yaml.YAMLError, ValueError, RecursionError) as error:
        raise UserError(f"is {text!r}, which is not a YAML value; put quotes inside the quotes") from error


_dump: Callable[..., str] = yaml.dump


def write_document(tree: dict[str, Any]) -> str:
    """Returns YAML that parses to the same tree."""
    dump: Callable[..., str] = partial(_dump, tree, Dumper=_Dumper, sort_keys=False, width=100)
    text = dump(allow_unicode=True)
    return dump() if _BREAKS.search(text) else text
