"""Rewards by name: one row each, so that a recipe can ask for them."""

import inspect
from collections.abc import Callable, Mapping
from difflib import get_close_matches
from types import MappingProxyType
from typing import Any, get_type_hints

from pydantic import TypeAdapter, ValidationError

from whet.config import RewardConfig, Section
from whet.errors import UserError, did_you_mean
from whet.formats import ResponseFormat
from whet.protocols import RewardFn
from whet.rewards.code_tests.code_tests import CodeTestsParams, code_tests
from whet.rewards.correctness import accuracy, exact_match, integer, last_integer, verifier
from whet.rewards.format_compliance import format_partial, format_soft, format_strict, format_tags
from whet.rewards.length_cosine import length_cosine
from whet.rewards.length_overlong import length_overlong
from whet.rewards.llm_judge.llm_judge import JudgeParams, judge
from whet.rewards.mixture import Part
from whet.rewards.output_consistency import output_consistency
from whet.rewards.params import read_params
from whet.rewards.reasoning_detail import reasoning_detail
from whet.rewards.reasoning_steps import reasoning_steps
from whet.rewards.repetition import repetition
from whet.rewards.reward_model import RewardModelParams, reward_model
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
        reasoning_steps,
        reasoning_detail,
        output_consistency,
        length_cosine,
        length_overlong,
        repetition,
    )
}
"""Every built-in reward: what makes it from a response format (or `None`) and its parameters."""

CALLING_OUT: Mapping[str, tuple[type[Section], Callable[..., RewardFn]]] = {
    "judge": (JudgeParams, judge),
    "reward_model": (RewardModelParams, reward_model),
}
"""Rewards that ask somebody: their parameters, and what makes them from these and from whom they ask."""

RUNNING: Mapping[str, tuple[type[Section], Callable[..., RewardFn]]] = {"code_tests": (CodeTestsParams, code_tests)}
"""Rewards that run what a response says: the same, made with the response format too, which knows where that stands.
A gold solution must get the full mark, 1.0.
"""

Connect = Callable[[Section], Callable[..., Any]]
"""Opens, for a reward's parameters, what that reward asks: an endpoint, a model, a sandbox."""

MANNERS: Mapping[str, float | None] = {
    "reasoning_steps": 1.0,
    "reasoning_detail": 1.0,
    "output_consistency": 1.0,
    "length_cosine": None,
    "length_overlong": 0.0,
    "repetition": 0.0,
}
"""Rewards for how a response goes about it, and the most that each gives (`None`: its parameters say).

A gold solution need not get it. Every other built-in reward gives at most 1.0, and to every gold solution.
"""

Loader = Callable[[RewardConfig], Callable[..., Any]]
"""Fetches the function that a reward called `package.module:function` or `file.py:function` names."""


def unconnected(params: Section) -> Callable[..., Any]:
    """Opens nothing: what is built with this can be checked, not called."""

    def ask(*_: Any) -> Any:
        raise UserError("rewards that call out (judge, reward_model, code_tests) have nobody to ask here")

    return ask


def build_reward(
    config: RewardConfig,
    response_format: ResponseFormat | None,
    loader: Loader,
    defaults: Mapping[str, Any] = MappingProxyType({}),
    connect: Connect = unconnected,
) -> Part:
    """The reward that a recipe asks for, ready to be called or to be part of a `Mixture`.

    Args:
        config: its name, weight and parameters.
        response_format: `None` where there is none: answers are then found leniently, and there are no format
            rewards.
        loader: fetches functions of one's own.
        defaults: what the rest of the recipe says, such as `max_tokens`, and `equal`, which compares answers: for
            built-in rewards that take a parameter of that name which `config` leaves open.
        connect: opens what rewards of `CALLING_OUT` ask.

    Raises:
        UserError: no built-in reward of that name, a parameter it does not take, or what `loader` or `connect` raises.
    """
    if ":" in config.name:
        name = config.name.rpartition(":")[2]
        function = adapt(loader(config), name, config.params)
        return Part(name, function, config.weight, config.on_error)
    _refuse_what_only_functions_take(config)
    if config.name in RUNNING:
        kind, make = RUNNING[config.name]
        params = read_params(kind, config.name, config.params)
        return Part(config.name, make(params, connect(params), response_format), config.weight, config.on_error, 1.0)
    if config.name in CALLING_OUT:
        kind, make = CALLING_OUT[config.name]
        params = read_params(kind, config.name, config.params)
        return Part(
            config.name, make(params, connect(params)), config.weight, config.on_error, asks_gold=False, calls_out=True
        )
    if config.name not in BUILT_IN:
        raise UserError(f"rewards has {config.name!r}: {_instead(config.name)}")
    factory = BUILT_IN[config.name]
    function = factory(response_format, **_parameters(config, factory, defaults))
    full_mark, asks_gold = MANNERS.get(config.name, 1.0), config.name not in MANNERS
    return Part(config.name, function, config.weight, config.on_error, full_mark, asks_gold=asks_gold)


def _refuse_what_only_functions_take(config: RewardConfig) -> None:
    """`timeout` and `isolate` would have no effect on a built-in reward."""
    for key in ("timeout", "isolate"):
        value = getattr(config, key)
        if value != RewardConfig.model_fields[key].default:
            fix = "only a function of your own runs in a process of its own; take it out, or write it under params"
            raise UserError(f"rewards.{key} of {config.name!r} is {value!r}: {fix}")


def _instead(name: str) -> str:
    known = (*BUILT_IN, *CALLING_OUT, *RUNNING)
    if close := get_close_matches(name, known, n=1):
        return f"did you mean {close[0]!r}?"
    return f"use {', '.join(known)}, `package.module:function` or `file.py:function`"


def _parameters(config: RewardConfig, factory: Callable[..., RewardFn], defaults: Mapping[str, Any]) -> dict[str, Any]:
    """What to call the factory with; refuses parameters that it does not know, or of another type or range."""
    kinds = get_type_hints(factory, include_extras=True)
    signature = inspect.signature(factory).parameters
    chosen = {name: value for name, value in defaults.items() if name in signature}
    # Keyword-only ones are no parameters of the recipe: whoever builds the rewards passes them.
    takes = [name for name, p in signature.items() if p.default is not p.empty and p.kind is not p.KEYWORD_ONLY]
    for name, value in config.params.items():
        if name not in takes:
            known = f"it takes {', '.join(takes) or 'none'}{did_you_mean(name, takes)}"
            raise UserError(f"rewards.params of {config.name!r} has {name!r}: {known}")
        try:
            chosen[name] = TypeAdapter(kinds[name]).validate_python(value, strict=True)
        except ValidationError as error:
            must = error.errors()[0]["msg"].replace("Input should be", "it must be")
            raise UserError(f"rewards.params.{name} of {config.name!r} is {value!r}: {_plainly(must)}") from None
    return chosen


def _plainly(text: str) -> str:
    for word, plain in _PLAIN.items():
        text = text.replace(word, plain)
    return text


_PLAIN = {
    "a valid boolean": "a bool",
    "a valid integer": "a whole number",
    "a valid number": "a number",
    "greater than or equal to": "at least",
    "less than or equal to": "at most",
    "greater than": "over",
    "less than": "under",
}
"""Pydantic's words, and ours."""
