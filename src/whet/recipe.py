"""From a recipe's name or path to a complete `Config`, or to one line per mistake.

One rule of precedence: what the command line says, over what the recipe says, over the default.
"""

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from whet import recipe_keys as keys
from whet.config import Config
from whet.data.prompts import check_question_template
from whet.data.sources import check_source
from whet.errors import UserError, did_you_mean
from whet.recipe_keys import describe_keys, dotted, key_of, pattern
from whet.recipe_text import Document, read_document, write_document
from whet.recipe_tree import Tree, longhand, name_files, override, with_section_defaults

__all__ = ["describe_keys", "dump_recipe", "find_recipe", "load_recipe", "recipe_names"]

RECIPES = Path(__file__).parent / "recipes"
"""Where the shipped recipes lie."""

Overrides = Mapping[str, Any] | Sequence[tuple[str, Any]]
"""Dotted keys and values; a text is read as YAML, unless the key takes a text."""

Problems = dict[keys.Path, str]
"""What is wrong with which value."""


def recipe_names() -> list[str]:
    """The shipped recipes."""
    return sorted(path.stem for path in RECIPES.glob("*.yaml"))


def find_recipe(name_or_path: str | Path) -> Path:
    """The file of a recipe: a path, or the name of a shipped one. Raises `UserError` where there is none."""
    name, path = str(name_or_path), Path(name_or_path).expanduser()
    if path.is_file():
        return path
    shipped = f"shipped recipes are {', '.join(recipe_names())}"
    if path.suffix in (".yaml", ".yml") or path.parent != Path():
        raise UserError(f"recipe: there is no file {name}; {shipped}")
    if name not in recipe_names():
        raise UserError(f"recipe: none is called {name!r}; {shipped}{did_you_mean(name, recipe_names())}")
    return RECIPES / f"{name}.yaml"


def load_recipe(name_or_path: str | Path, overrides: Overrides = ()) -> Config:
    """The complete settings of a recipe.

    Files that it names are looked for beside it, then in the working folder. Raises `UserError`, a line for
    each mistake with the line it stands on, for a recipe or an override that is wrong.
    """
    path = find_recipe(name_or_path)
    document = _read(path, path.name if path.parent == RECIPES else str(name_or_path))
    tree = longhand(document.tree)
    name_files(tree, path.parent)
    pairs = [(_path(key), value) for key, value in _pairs(overrides)]
    wrong = _overridden(tree, pairs)
    tree = with_section_defaults(longhand(tree))
    name_files(tree, Path.cwd())

    def place(path: keys.Path) -> str:
        given = any(path[: len(other)] == other for other, _ in pairs)
        return f"--{dotted(path)}" if given else f"{document.place(path)}: {dotted(path)}"

    config, problems = _validated(tree)
    wrong += [f"{place(path)}: {text}" for path, text in problems.items()]
    if wrong or config is None:
        raise UserError("\n".join(wrong))
    return _checked(config, place)


def dump_recipe(config: Config) -> str:
    """The YAML of a complete recipe: it loads as the same settings."""
    return write_document(config.model_dump())


def _read(path: Path, name: str) -> Document:
    try:
        return read_document(path.read_text("utf-8-sig"), name)
    except UnicodeDecodeError as error:
        raise UserError(f"{name}: is not UTF-8 (byte {error.start + 1})") from error


def _pairs(overrides: Overrides) -> Sequence[tuple[str, Any]]:
    return list(overrides.items()) if isinstance(overrides, Mapping) else overrides


def _path(key: str) -> keys.Path:
    return tuple(int(part) if part.isdecimal() else part for part in key.split("."))


def _overridden(tree: Tree, pairs: Sequence[tuple[keys.Path, Any]]) -> list[str]:
    """Applies overrides in order, and says which could not be."""
    wrong = []
    for path, value in pairs:
        try:
            override(tree, path, value)
        except (ValueError, UserError) as error:
            wrong.append(f"--{dotted(path)}: {error}")
    return wrong


def _validated(tree: Tree) -> tuple[Config | None, Problems]:
    """The settings, or what is wrong with them: first whatever has the wrong type, then the rest."""
    problems = {path: text for path, value in _leaves(tree, ()) if (text := _slip(path, value))}
    try:
        return Config.model_validate(tree), problems
    except ValidationError as error:
        for detail in error.errors(include_url=False):
            path = _location(detail["loc"], tree)
            problems.setdefault(path, _explain(detail, path))
        return None, _without_echoes(problems)


def _leaves(value: Any, path: keys.Path) -> Iterator[tuple[keys.Path, Any]]:
    inside: Any = (
        value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    )
    for part, inner in inside:
        yield from _leaves(inner, (*path, part))
    if not isinstance(value, dict | list):
        yield path, value


def _slip(path: keys.Path, value: Any) -> str | None:
    """What pydantic lets pass: a truth value or a text for a number, and numbers without end."""
    key = key_of(path)
    if key is None or Any in key.types:
        return None
    numeric = bool({int, float} & key.types)
    wrong_type = numeric and (isinstance(value, bool) or (isinstance(value, str) and str not in key.types))
    endless = isinstance(value, float) and not math.isfinite(value)
    return _must_be(value, key) if wrong_type or endless else None


def _location(loc: Sequence[str | int], tree: Tree) -> keys.Path:
    """Where a refusal points, without pydantic's names for the members of a union."""
    path: keys.Path = ()
    node: Any = tree
    for part in loc:
        inside = isinstance(node, dict) and part in node
        if inside or isinstance(part, int) or pattern((*path, part)) in keys.known_keys():
            path = (*path, part)
            node = node[part] if inside or isinstance(node, list) else None
    return path


def _explain(detail: ErrorDetails, path: keys.Path) -> str:
    key = key_of(path)
    if detail["type"] == "extra_forbidden":
        meant = keys.suggest(path)
        return f"unknown key{f'; did you mean {meant}?' if meant else ''}"
    if key is None or detail["type"] in ("value_error", "assertion_error"):
        return detail["msg"].removeprefix("Value error, ")
    if detail["type"] == "missing":
        return f"is missing; it must be {key.kind}: {key.sentence}".rstrip(".")
    return _must_be(detail["input"], key)


def _must_be(value: Any, key: keys.Key) -> str:
    hint = did_you_mean(value, key.choices) if isinstance(value, str) else ""
    return f"is {_shown(value)}; it must be {key.kind}{hint}"


def _shown(value: Any) -> str:
    """A value as YAML has it, shortened."""
    if value is None or isinstance(value, bool):
        return "empty" if value is None else str(value).lower()
    return text if len(text := repr(value)) <= 60 else f"{text[:59]}…"


def _without_echoes(problems: Problems) -> Problems:
    """Leaves out that a key is missing where another was meant to be it."""
    meant = {keys.suggest(path) for path, text in problems.items() if text.startswith("unknown key")}
    return {
        path: text
        for path, text in problems.items()
        if not (text.startswith("is missing") and dotted(path) in meant)
    }


def _checked(config: Config, place: Callable[[keys.Path], str]) -> Config:
    """Raises `UserError` where the parts of a recipe do not fit what they name."""
    sources = {"data.train": config.data.train, "data.test": config.data.test, "sft.data": config.sft.data}
    try:
        check_question_template(config.data.question)
        for field, source in sources.items():
            if source is not None:
                check_source(source, field)
    except UserError as error:
        field, _, text = str(error).partition(": ")
        raise UserError(f"{place(_path(field))}: {text}") from error
    return config
