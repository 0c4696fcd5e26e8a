"""The space of a sweep: which keys of a recipe are varied, and over which values."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from whet.config import Config
from whet.errors import UserError, did_you_mean
from whet.recipe import make_recipe
from whet.recipe.yaml_lines import read_document

if TYPE_CHECKING:
    from optuna.distributions import BaseDistribution

Plain = Mapping[str, Any]

HELD_OUT = ("data", "eval")
"""Sections that decide which problems a model is measured on."""

EXAMPLE = "such as grpo.optimizer.learning_rate: {log: [1e-6, 1e-4]}"


@dataclass(frozen=True)
class Space:
    """The varied keys, each with its kind (`KINDS`) and the values that belong to it."""

    ranges: Mapping[str, tuple[str, tuple[Any, ...]]]

    def distributions(self) -> "dict[str, BaseDistribution]":
        """Returns Optuna's distributions by dotted key."""
        return {key: KINDS[kind].distribution(values) for key, (kind, values) in self.ranges.items()}

    def values_of(self, config: Config) -> dict[str, Any]:
        """Returns a recipe's values of the varied keys."""
        tree = config.model_dump()
        return {key: _at(tree, key) for key in self.ranges}

    def holds(self, values: Plain) -> bool:
        """Whether values lie in the space."""
        return all(KINDS[kind].holds(values[key], given) for key, (kind, given) in self.ranges.items())


@dataclass(frozen=True)
class Kind:
    """One way to say what values a key takes."""

    distribution: "Callable[[tuple[Any, ...]], BaseDistribution]"
    holds: Callable[[Any, tuple[Any, ...]], bool]
    takes: str
    """What stands after it, in words."""
    allows: Callable[[tuple[Any, ...]], bool]


def _choice(values: tuple[Any, ...]) -> "BaseDistribution":
    from optuna.distributions import CategoricalDistribution

    return CategoricalDistribution(values)


def _whole(values: tuple[Any, ...]) -> "BaseDistribution":
    from optuna.distributions import IntDistribution

    low, high, *step = values
    return IntDistribution(low, high, step=step[0] if step else 1)


def _real(values: tuple[Any, ...], log: bool = False) -> "BaseDistribution":
    from optuna.distributions import FloatDistribution

    return FloatDistribution(float(values[0]), float(values[1]), log=log)


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _is_range(values: tuple[Any, ...]) -> bool:
    return len(values) == 2 and all(map(_is_number, values)) and values[0] < values[1]


def _within(value: Any, values: tuple[Any, ...]) -> bool:
    return _is_number(value) and values[0] <= value <= values[1]


KINDS: Mapping[str, Kind] = {
    "choice": Kind(_choice, lambda value, values: value in values, "a list of values", lambda values: len(values) > 0),
    "int": Kind(
        _whole,
        lambda value, values: _within(value, values) and (value - values[0]) % (values[2] if values[2:] else 1) == 0,
        "[least, most] or [least, most, step], whole numbers",
        lambda values: all(isinstance(one, int) for one in values) and len(values) in (2, 3) and _is_range(values[:2]),
    ),
    "float": Kind(_real, _within, "[least, most]", _is_range),
    "log": Kind(
        lambda values: _real(values, log=True),
        _within,
        "[least, most], both over 0, searched by their logarithm",
        lambda values: _is_range(values) and values[0] > 0,
    ),
}
"""How a space file says what values a key takes."""


def read_space(path: Path, config: Config) -> Space:
    """Reads a space file: `key: {choice | int | float | log: values}` for each key of the recipe that is varied.

    Raises `UserError` that names the key, for a kind that there is not, values out of order, and values that the
    recipe does not take.
    """
    try:
        tree = read_document(path.read_text("utf-8"), str(path)).tree
    except (OSError, UnicodeDecodeError) as error:
        raise UserError(f"--space: {path} cannot be read; name a YAML file of keys and values, {EXAMPLE}") from error
    ranges = {key: _range(f"{path}: {key}", given) for key, given in _flat(tree).items()}
    if not ranges:
        raise UserError(f"--space: {path} varies nothing; name a key and its values, {EXAMPLE}")
    for key, (kind, values) in ranges.items():
        _refuse_other_problems(f"{path}: {key}", key)
        for value in values if kind == "choice" else values[:2]:
            _refuse_unkept(f"{path}: {key}", key, value, config)
    return Space(ranges)


def _refuse_other_problems(place: str, key: str) -> None:
    """Raises `UserError` for a key with which trials would be measured on different problems."""
    if key.partition(".")[0] in HELD_OUT:
        fix = "sweep other keys, and train a recipe of its own for each"
        raise UserError(f"{place}: changes the held-out problems, so that trials could not be compared; {fix}")


def _refuse_unkept(place: str, key: str, value: Any, config: Config) -> None:
    """Raises `UserError` for a value that a recipe does not take, or does not keep as it is written."""
    kept = _at(make_recipe(config.model_dump(), [(key, value)]).model_dump(), key)
    if kept != value:
        fix = "name a key that holds one number or word, as format.name does"
        raise UserError(f"{place}: {value!r} becomes {kept!r} in a recipe, so that a sweep could not go on; {fix}")


def _flat(tree: Mapping[str, Any], prefix: str = "") -> dict[str, Any]:
    """The entries by dotted key: sections may be nested as in a recipe."""
    found: dict[str, Any] = {}
    for name, value in tree.items():
        if isinstance(value, Mapping) and value and not set(value) & set(KINDS) and _nests(value):
            found |= _flat(value, f"{prefix}{name}.")
        else:
            found[f"{prefix}{name}"] = value
    return found


def _nests(value: Mapping[str, Any]) -> bool:
    return all(isinstance(inner, Mapping) for inner in value.values())


def _range(place: str, given: Any) -> tuple[str, tuple[Any, ...]]:
    kinds = ", ".join(KINDS)
    if not isinstance(given, Mapping) or len(given) != 1:
        raise UserError(f"{place}: is {given!r}; it must be one of {{{kinds}}} with its values, {EXAMPLE}")
    ((kind, values),) = given.items()
    if kind not in KINDS:
        raise UserError(f"{place}: {kind!r} is no kind of values; use {kinds}{did_you_mean(str(kind), KINDS)}")
    listed = tuple(values) if isinstance(values, list) else ()
    if not KINDS[kind].allows(listed):
        raise UserError(f"{place}: {kind} is {values!r}; it must be {KINDS[kind].takes}")
    return kind, listed


def _at(tree: Any, key: str) -> Any:
    for name in key.split("."):
        tree = tree[name] if isinstance(tree, Mapping) and name in tree else None
    return tree
