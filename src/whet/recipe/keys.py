"""The keys of a recipe: every dotted name and its description."""

from collections.abc import Iterator
from functools import cache

from whet.config import Config
from whet.config.fields import Key, keys_of
from whet.data.sources import DESCRIBED
from whet.rewards.registry import REWARDS

Path = tuple[str | int, ...]
"""A dotted key in parts; an int is an index in a list."""


def describe_keys() -> list[Key]:
    """Returns every key of a recipe, sections before their keys, in the order of `whet.config`; then the parameters of
    all built-in rewards and data sources, as `rewards[repetition].params.size`."""
    return [*known_keys().values(), *_parameters()]


@cache
def known_keys() -> dict[str, Key]:
    """Returns every key by its dotted name."""
    return {key.key: key for key in keys_of(Config)}


def _parameters() -> Iterator[Key]:
    for name, reward in REWARDS.items():
        yield from keys_of(reward.params, f"rewards[{name}].params.")
    for name, source in DESCRIBED.items():
        yield from keys_of(source.params, f"data.train[{name}].params.")


def pattern(path: Path) -> str:
    """Returns the dotted name of a path in `known_keys`: `rewards.0.weight` is `rewards.*.weight`."""
    return ".".join("*" if isinstance(part, int) else str(part) for part in path)


def dotted(path: Path) -> str:
    """Returns a path as a dotted key."""
    return ".".join(map(str, path))


def to_path(name: str) -> Path:
    """Splits a dotted key into its parts.

    >>> to_path("rewards.0.weight")
    ('rewards', 0, 'weight')
    """
    return tuple(int(part) if part.isdecimal() else part for part in name.split("."))


def key_of(path: Path) -> Key | None:
    """Returns the known key of a path: its own, or the nearest one above it; None without any."""
    upwards = (known_keys().get(pattern(path[:end])) for end in range(len(path), 0, -1))
    return next((key for key in upwards if key), None)


def is_known(path: Path) -> bool:
    """Returns whether a recipe may have this path."""
    key = key_of(path)
    inside = path[key.key.count(".") + 1 :] if key else path
    if key is None or not inside:
        return key is not None
    return dict in key.types or (len(inside) == 1 and isinstance(inside[0], int) and bool({list, tuple} & key.types))
