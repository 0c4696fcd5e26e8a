"""Moves the tensors inside of a result to the CPU, so that another process can have it."""

from collections.abc import Mapping
from dataclasses import fields, is_dataclass, replace
from typing import TypeVar, cast

from torch import Tensor

Value = TypeVar("Value")


def on_host(value: Value) -> Value:
    """Returns the value with every tensor in it on the CPU: in frozen dataclasses, mappings, lists and tuples.

    >>> on_host({"loss": (0.5, [1])})
    {'loss': (0.5, [1])}
    """
    if isinstance(value, Tensor):
        return cast(Value, value.detach().cpu())
    if isinstance(value, Mapping):
        return cast(Value, {name: on_host(one) for name, one in value.items()})
    if isinstance(value, list | tuple):
        return cast(Value, type(value)(on_host(one) for one in value))
    if is_dataclass(value) and not isinstance(value, type):
        return cast(
            Value, replace(value, **{field.name: on_host(getattr(value, field.name)) for field in fields(value)})
        )
    return value
