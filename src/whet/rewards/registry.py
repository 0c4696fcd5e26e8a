"""Rewards by name: one row each, so that a recipe can ask for them."""

import inspect
from collections.abc import Callable, Mapping
from difflib import get_close_matches
from typing import Any

from whet.config import RewardConfig
from whet.errors import UserError
from whet.formats import ResponseFormat
from whet.protocols import RewardFn
from whet.rewards.correctness import accuracy, exact_match, integer, last_integer, verifier
from whet.rewards.format import format_partial, format_soft, format_strict, format_tags
from whet.rewards.mixture import Part
from whet.rewards.user import adapt

BUILT_IN: Mapping[str, Callable[..., RewardFn]] = {
    factory.__name__: factory
    for factory in (
        accuracy,
        exact_match,
        last_integer,
        integer,
        verifier,
        format_strict,
        format_soft,
        format_tags,
        format_partial,
    )
}
"""Every built-in reward: what makes it from a response format (or `None`) and its parameters."""

Loader = Callable[[str], Callable[..., Any]]
"""Fetches the function that `package.module:function` or `file.py:function` names."""


def build_reward(config: RewardConfig, response_format: ResponseFormat | None, loader: Loader) -> Part:
    """The reward that a recipe asks for, ready to be called or to be part of a `Mixture`.

    `response_format` may be `None`: answers are then found leniently, and there are no format rewards.

    Raises:
        UserError: no built-in reward of that name, a parameter it does not take, or what `loader` raises.
    """
    if ":" in config.name:
        name = config.name.rpartition(":")[2]
        function = adapt(loader(config.name), name, config.params)
        return Part(name, function, config.weight, config.on_error)
    if config.name not in BUILT_IN:
        raise UserError(f"rewards has {config.name!r}: {_instead(config.name)}")
    factory = BUILT_IN[config.name]
    _check(config, factory)
    function = factory(response_format, **config.params)
    return Part(config.name, function, config.weight, config.on_error, full_mark=1.0)


def _instead(name: str) -> str:
    if close := get_close_matches(name, BUILT_IN, n=1):
        return f"did you mean {close[0]!r}?"
    return f"use {', '.join(BUILT_IN)}, `package.module:function` or `file.py:function`"


def _check(config: RewardConfig, factory: Callable[..., RewardFn]) -> None:
    """Refuses parameters that the factory does not know, or of another type than their default."""
    takes = {name: p.default for name, p in inspect.signature(factory).parameters.items() if p.default is not p.empty}
    for name, value in config.params.items():
        if name not in takes:
            raise UserError(f"rewards.params of {config.name!r} has {name!r}: it takes {', '.join(takes) or 'none'}")
        if type(value) is not type(takes[name]):
            kind = type(takes[name]).__name__
            raise UserError(f"rewards.params.{name} of {config.name!r} is {value!r}: it must be a {kind}")
