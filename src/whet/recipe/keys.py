"""What a recipe may hold: every dotted key and what it takes."""

from collections.abc import Iterator, Sequence
from functools import cache
from types import NoneType, UnionType
from typing import Annotated, Any, Literal, NamedTuple, Union, get_args, get_origin

from annotated_types import Ge, Gt, Le, Lt
from pydantic import BaseModel
from pydantic_core import PydanticUndefined, to_jsonable_python

from whet.config import Config

Path = tuple[str | int, ...]
"""A dotted key in parts; an int is a place in a list."""


class Key(NamedTuple):
    """One key of a recipe, for help and for refusals."""

    key: str
    """Dotted; `*` stands for a place in a list."""
    kind: str
    """What it takes, in words."""
    default: Any
    """What it is when left out; None for a required key and for a section that has its own."""
    sentence: str
    """What it is for."""
    required: bool
    types: frozenset[Any]
    """The plain types that a value may have."""
    choices: tuple[str, ...]
    """The words that it may be, where it is one of a few."""


def describe_keys() -> list[Key]:
    """Every key of a recipe, sections before what they hold, in the order of `whet.config`."""
    return list(known_keys().values())


@cache
def known_keys() -> dict[str, Key]:
    """Every key by its dotted name."""
    return {key.key: key for key in _walk(Config, "", None)}


def _walk(section: type[BaseModel], prefix: str, default: BaseModel | None) -> Iterator[Key]:
    for name, field in section.model_fields.items():
        value = getattr(default, name) if default else field.get_default(call_default_factory=True)
        required = value is PydanticUndefined
        annotation = Annotated[(field.annotation, *field.metadata)] if field.metadata else field.annotation
        types, words = frozenset(_types(annotation)), _choices(annotation)
        key, sentence = f"{prefix}{name}", " ".join((field.description or "").split())
        shown = None if required or isinstance(value, BaseModel) else to_jsonable_python(value)
        yield Key(key, kind(annotation), shown, sentence, required, types, words)
        for inner in sorted(filter(_is_section, types), key=str):
            dots = ".*." if list in types else "."
            yield from _walk(inner, f"{key}{dots}", value if isinstance(value, inner) else None)


def _is_section(annotation: Any) -> bool:
    return isinstance(annotation, type) and issubclass(annotation, BaseModel)


def _types(annotation: Any) -> Iterator[Any]:
    """The plain types in an annotation: what stands in a list too, and the types of literals."""
    origin, inner = get_origin(annotation), get_args(annotation)
    if origin is Literal:
        yield from map(type, inner)
    elif origin is Annotated:
        yield from _types(inner[0])
    elif origin is None:
        yield annotation
    else:
        yield from () if origin in (Union, UnionType) else (origin,)
        for part in inner:
            yield from _types(part)


def _choices(annotation: Any) -> tuple[str, ...]:
    inner = get_args(annotation)
    is_literal = get_origin(annotation) is Literal
    return tuple(map(str, inner)) if is_literal else tuple(w for part in inner for w in _choices(part))


def kind(annotation: Any, limits: Sequence[Any] = ()) -> str:
    """What a key takes, in words.

    >>> kind(Annotated[int, Gt(0)]), kind(Annotated[float, Ge(0), Lt(1)]), kind(list[str])
    ('a whole number (at least 1)', 'a number (at least 0, under 1)', 'a list (each a text)')
    """
    origin, inner = get_origin(annotation), get_args(annotation)
    if _is_section(annotation):
        return f"a section ({', '.join(annotation.model_fields)})"
    if origin is Annotated:
        return kind(inner[0], [limit for part in inner[1:] for limit in getattr(part, "metadata", [part])])
    if origin in (Union, UnionType):
        return " or ".join(kind(part) for part in inner)
    if origin is Literal:
        return f"one of {', '.join(map(str, inner))}" if len(inner) > 1 else str(inner[0])
    if origin is list:
        return f"a list (each {kind(inner[0])})"
    if origin is tuple:
        return f"a list of {len(inner)} (each {kind(inner[0])})"
    if origin is dict:
        return "a mapping of names to values"
    range_of = ", ".join(_limits(annotation, limits))
    return f"{_PLAIN[annotation]} ({range_of})" if range_of else _PLAIN[annotation]


_PLAIN = {int: "a whole number", float: "a number", str: "a text", bool: "true or false", NoneType: "null"}


def _limits(annotation: Any, limits: Sequence[Any]) -> Iterator[str]:
    for limit in limits:
        match limit:
            case Gt(gt=low):
                yield f"at least {low + 1}" if annotation is int else f"over {low}"  # type: ignore[operator]
            case Ge(ge=low):
                yield f"at least {low}"
            case Lt(lt=high):
                yield f"under {high}"
            case Le(le=high):
                yield f"at most {high}"


def pattern(path: Path) -> str:
    """The dotted name under which a path is known: `rewards.0.weight` is `rewards.*.weight`."""
    return ".".join("*" if isinstance(part, int) else str(part) for part in path)


def dotted(path: Path) -> str:
    """A path as people write it."""
    return ".".join(map(str, path))


def to_path(name: str) -> Path:
    """The parts of a dotted key.

    >>> to_path("rewards.0.weight")
    ('rewards', 0, 'weight')
    """
    return tuple(int(part) if part.isdecimal() else part for part in name.split("."))


def key_of(path: Path) -> Key | None:
    """The key that a path belongs to: itself, or the one that holds it in a list or mapping."""
    upwards = (known_keys().get(pattern(path[:end])) for end in range(len(path), 0, -1))
    return next((key for key in upwards if key), None)


def is_known(path: Path) -> bool:
    """Whether a recipe may hold this path."""
    key = key_of(path)
    inside = path[key.key.count(".") + 1 :] if key else path
    if key is None or not inside:
        return key is not None
    return dict in key.types or (len(inside) == 1 and isinstance(inside[0], int) and bool({list, tuple} & key.types))
