"""Describes the fields of a section in words, for `whet keys` and for error messages."""

from collections.abc import Iterator, Sequence
from datetime import date
from types import NoneType, UnionType
from typing import Annotated, Any, Literal, NamedTuple, Union, get_args, get_origin

from annotated_types import Ge, Gt, Le, Lt
from pydantic import BaseModel
from pydantic_core import PydanticUndefined, to_jsonable_python

from whet.errors import did_you_mean
from whet.redact import redact


class Key(NamedTuple):
    """One key of a recipe, for help and error messages."""

    key: str
    """Dotted; `*` stands for a list index."""
    kind: str
    """The type and range of its values, in words."""
    default: Any
    """The default value; None for a required key and for a section, whose keys have their own."""
    sentence: str
    """Its description."""
    required: bool
    types: frozenset[Any]
    """The plain types of its values."""
    choices: tuple[str, ...]
    """The allowed texts, where they are enumerated."""


def keys_of(section: type[BaseModel], prefix: str = "", default: BaseModel | None = None) -> Iterator[Key]:
    """Yields every key of a section, each section before its own keys.

    `prefix` is put before each name; `default` is the section's default where that differs from its class's.
    """
    for name, field in section.model_fields.items():
        value = getattr(default, name) if default else field.get_default(call_default_factory=True)
        required = value is PydanticUndefined
        annotation = Annotated[(field.annotation, *field.metadata)] if field.metadata else field.annotation
        types, words = frozenset(_types(annotation)), _choices(annotation)
        key, sentence = f"{prefix}{field.alias or name}", " ".join((field.description or "").split())
        shown = None if required or isinstance(value, BaseModel) else to_jsonable_python(value)
        yield Key(key, kind(annotation), shown, sentence, required, types, words)
        for inner in sorted(filter(_is_section, types), key=str):
            dots = ".*." if list in types else "."
            yield from keys_of(inner, f"{key}{dots}", value if isinstance(value, inner) else None)


def must_be(value: Any, key: Key) -> str:
    """Returns the error text for an invalid value: what it is, what it must be, and the nearest choice."""
    hint = did_you_mean(value, key.choices) if isinstance(value, str) else ""
    return f"is {_shown(value)}; it must be {key.kind}{hint}"


def missing(key: Key) -> str:
    """Returns the error text for a missing required key."""
    return f"is missing; it must be {key.kind}: {key.sentence}".rstrip(".")


def _shown(value: Any) -> str:
    """A value as YAML has it, shortened, without secrets."""
    if value is None or isinstance(value, bool):
        return "empty" if value is None else str(value).lower()
    return text if len(text := redact(repr(value))) <= 60 else f"{text[:59]}…"


def _is_section(annotation: Any) -> bool:
    return isinstance(annotation, type) and issubclass(annotation, BaseModel)


def _types(annotation: Any) -> Iterator[Any]:
    """The plain types in an annotation, also of list items and literals."""
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
    """Describes the type and range of an annotation in words.

    >>> kind(Annotated[int, Gt(0)]), kind(Annotated[float, Ge(0), Lt(1)]), kind(list[str])
    ('a whole number (at least 1)', 'a number (at least 0, under 1)', 'a list (each a text)')
    """
    origin, inner = get_origin(annotation), get_args(annotation)
    if _is_section(annotation):
        names = (field.alias or name for name, field in annotation.model_fields.items())
        return f"a section ({', '.join(names)})"
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
        return f"a mapping of {', '.join(_choices(inner[0])) or 'names'} to values"
    range_of = ", ".join(_limits(annotation, limits))
    return f"{_PLAIN[annotation]} ({range_of})" if range_of else _PLAIN[annotation]


_PLAIN = {
    int: "a whole number",
    float: "a number",
    str: "a text",
    bool: "true or false",
    NoneType: "null",
    date: "a date, such as 2026-07-26",
}


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
