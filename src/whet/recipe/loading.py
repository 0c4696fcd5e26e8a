"""Loads a recipe by name or path as a complete `Config`, or raises an error with one line per mistake.

Precedence: the command line over the recipe over the default.
"""

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from whet.config import Config
from whet.errors import UserError, did_you_mean
from whet.recipe import keys
from whet.recipe.keys import dotted
from whet.recipe.tree import Tree, longhand, name_files, override, with_section_defaults
from whet.recipe.validate import validated
from whet.recipe.yaml_lines import Document, read_document, write_document
from whet.redact import redacted

RECIPES = Path(__file__).parents[1] / "recipes"
"""The folder of the shipped recipes."""

Overrides = Mapping[str, Any] | Sequence[tuple[str, Any]]
"""Dotted keys and values; a text is read as YAML, unless the key takes a text."""


def recipe_names() -> list[str]:
    """Returns the names of the shipped recipes, sorted."""
    return sorted(path.stem for path in RECIPES.glob("*.yaml"))


def find_recipe(name_or_path: str | Path) -> Path:
    """Returns the file of a recipe, given as a path or a shipped name. Raises `UserError` where there is none."""
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
    """Loads the complete settings of a recipe, with overrides.

    Files that it names are searched for beside it, then in the working folder. Raises `UserError`, one line per
    mistake with its line number, for an invalid recipe or override.
    """
    path = find_recipe(name_or_path)
    document = _read(path, path.name if path.parent == RECIPES else str(name_or_path))
    tree = longhand(document.tree)
    name_files(tree, path.parent)
    return _complete(tree, overrides, lambda path: f"{document.place(path)}: {dotted(path)}")


def make_recipe(tree: Tree, overrides: Overrides = ()) -> Config:
    """Returns the complete settings of a recipe given as a mapping. Raises `UserError` as `load_recipe` does."""
    return _complete(longhand(tree), overrides, dotted)


def _complete(tree: Tree, overrides: Overrides, place: Callable[[keys.Path], str]) -> Config:
    """Applies the overrides, fills in defaults, validates; `place` gives a key's file, line and name for errors."""
    pairs = [(keys.to_path(key), value) for key, value in _pairs(overrides)]
    wrong = _overridden(tree, pairs)
    tree = with_section_defaults(longhand(tree))
    name_files(tree, Path.cwd())
    config, problems = validated(tree)
    for path, text in problems.items():
        given = any(path[: len(other)] == other for other, _ in pairs)
        wrong.append(f"{f'--{dotted(path)}' if given else place(path)}: {text}")
    if wrong or config is None:
        raise UserError("\n".join(wrong))
    return config


def dump_recipe(config: Config) -> str:
    """Returns the YAML of a complete recipe, which loads as the same settings; secrets are redacted."""
    return write_document(redacted(config.model_dump()))


def _read(path: Path, name: str) -> Document:
    try:
        return read_document(path.read_text("utf-8-sig"), name)
    except UnicodeDecodeError as error:
        raise UserError(f"{name}: is not UTF-8 (byte {error.start + 1})") from error
    except OSError as error:
        raise UserError(f"{name}: cannot be read: {error.strerror}") from error


def _pairs(overrides: Overrides) -> Sequence[tuple[str, Any]]:
    return list(overrides.items()) if isinstance(overrides, Mapping) else overrides


def _overridden(tree: Tree, pairs: Sequence[tuple[keys.Path, Any]]) -> list[str]:
    """Applies overrides in order; returns an error line for each that fails."""
    wrong = []
    for path, value in pairs:
        try:
            override(tree, path, value)
        except (ValueError, UserError) as error:
            wrong.append(f"--{dotted(path)}: {error}")
    return wrong
