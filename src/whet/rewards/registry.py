"""The table of built-in rewards, and `build_reward`, which makes one from its recipe."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from types import MappingProxyType
from typing import Any, Protocol, runtime_checkable

from whet.config import RewardConfig, Section
from whet.config.parameters import read_parameters
from whet.errors import UserError, nearest
from whet.formats import ResponseFormat
from whet.protocols import RewardFn
from whet.rewards.code_tests.code_tests import CodeTestsParams, code_tests
from whet.rewards.correctness import AccuracyParams, accuracy, exact_match, integer, last_integer, verifier
from whet.rewards.equality import answers_equal
from whet.rewards.format_compliance import format_partial, format_soft, format_strict, format_tags
from whet.rewards.latex import Compare
from whet.rewards.length_cosine import LengthCosineParams, length_cosine
from whet.rewards.length_overlong import LengthOverlongParams, length_overlong
from whet.rewards.llm_judge.llm_judge import JudgeParams, judge
from whet.rewards.mixture import Part
from whet.rewards.output_consistency import output_consistency
from whet.rewards.reasoning_detail import ReasoningDetailParams, reasoning_detail
from whet.rewards.reasoning_steps import ReasoningStepsParams, reasoning_steps
from whet.rewards.repetition import RepetitionParams, repetition
from whet.rewards.reward_model import RewardModelParams, reward_model
from whet.rewards.user import adapt, resolved


@dataclass(frozen=True)
class RewardSpec:
    """A built-in reward: its factory, parameters and properties."""

    make: Callable[..., RewardFn]
    """The factory: takes the response format (or `None`), its parameters if any, and its client if any."""
    params: type[Section] = Section
    """The schema of its parameters; a bare `Section` for none."""
    max_score: float | None = 1.0
    """Its maximum; `None` where that depends on its parameters or is unknown."""
    checks_gold: bool = True
    """Whether every gold solution must score `max_score`: true of rewards for content, false of style rewards."""
    is_correctness: bool = False
    """Whether it measures if the answer is right, so that it moves with accuracy."""
    has_client: bool = False
    """Whether it needs a client, which `build/services.py` opens: an endpoint, a model, a sandbox."""
    compares: bool = False
    """Whether it compares answers, so that its factory takes `equal`."""
    external: bool = False
    """Whether calls cost money or time, so that only the policy's completions are graded, never gold solutions."""


def _style(make: Callable[..., RewardFn], max_score: float | None, params: type[Section] = Section) -> RewardSpec:
    """A style reward: gold solutions need not score its maximum."""
    return RewardSpec(make, params, max_score, checks_gold=False)


REWARDS: Mapping[str, RewardSpec] = {
    "accuracy": RewardSpec(accuracy, AccuracyParams, is_correctness=True, compares=True),
    "exact_match": RewardSpec(exact_match, is_correctness=True),
    "last_integer": RewardSpec(last_integer, is_correctness=True),
    "integer": RewardSpec(integer),
    "verifier": RewardSpec(verifier, compares=True),
    "format_strict": RewardSpec(format_strict),
    "format_soft": RewardSpec(format_soft),
    "format_tags": RewardSpec(format_tags),
    "format_partial": RewardSpec(format_partial),
    "reasoning_steps": _style(reasoning_steps, 1.0, ReasoningStepsParams),
    "reasoning_detail": _style(reasoning_detail, 1.0, ReasoningDetailParams),
    "output_consistency": RewardSpec(output_consistency, checks_gold=False, compares=True),
    "length_cosine": RewardSpec(length_cosine, LengthCosineParams, None, checks_gold=False, compares=True),
    "length_overlong": _style(length_overlong, 0.0, LengthOverlongParams),
    "repetition": _style(repetition, 0.0, RepetitionParams),
    "judge": RewardSpec(judge, JudgeParams, None, checks_gold=False, has_client=True, external=True),
    "reward_model": RewardSpec(
        reward_model, RewardModelParams, None, checks_gold=False, has_client=True, external=True
    ),
    "code_tests": RewardSpec(code_tests, CodeTestsParams, is_correctness=True, has_client=True),
}
"""Every built-in reward by its name in a recipe."""

CORRECTNESS = tuple(name for name, spec in REWARDS.items() if spec.is_correctness)
"""Names of the built-in rewards that measure whether the answer is right."""

Connect = Callable[[Section], Callable[..., Any]]
"""Opens the client that a reward's parameters describe: an endpoint, a model, a sandbox."""

Loader = Callable[[RewardConfig], Callable[..., Any]]
"""Loads the function that a reward named `package.module:function` or `file.py:function` refers to."""


def unconnected(params: Section) -> Callable[..., Any]:
    """A `Connect` without clients: rewards built with it can be validated, not called."""

    def refuse(*_: Any) -> Any:
        raise UserError("rewards that call out (judge, reward_model, code_tests) have nobody to ask here")

    return refuse


def build_reward(
    config: RewardConfig,
    response_format: ResponseFormat | None,
    loader: Loader,
    defaults: Mapping[str, Any] = MappingProxyType({}),
    connect: Connect = unconnected,
    field: str | None = None,
    equal: Compare = answers_equal,
) -> Part:
    """Builds the reward that a recipe requests, ready to be called or added to a `Mixture`.

    Args:
        config: its name, weight and parameters.
        response_format: with `None`, answers are extracted leniently, and format rewards raise.
        loader: loads custom functions.
        defaults: values from the rest of the recipe, such as `max_tokens`, for parameters of rewards without a client
            that `config` leaves unset.
        connect: opens the clients of rewards that have one.
        field: its place in the recipe, for messages, such as `rewards.0`; by default `rewards.<name>`.
        equal: compares answers.

    Raises:
        UserError: no built-in reward of that name, a parameter it does not take, or what `loader` or `connect` raises.
    """
    if ":" in config.name:
        name = config.name.rpartition(":")[2]
        loaded = loader(config)
        function = adapt(loaded, name, config.params, config.completions)
        return Part(name, function, config.weight, config.on_error, form=resolved(loaded, config.completions))
    _refuse_function_settings(config)
    spec = REWARDS.get(config.name)
    if spec is None:
        raise UserError(f"rewards has {config.name!r}: {_instead(config.name)}")
    unset = {} if spec.has_client else {k: v for k, v in defaults.items() if k in spec.params.model_fields}
    place = f"{field or f'rewards.{config.name}'}.params"
    params = read_parameters(spec.params, {**unset, **config.params}, place, config.name)
    arguments = [params] if spec.params.model_fields else []
    client = [connect(params)] if spec.has_client else []
    make = partial(spec.make, response_format, *arguments, *client)
    function = _comparing(make, equal) if spec.compares else make()
    return Part(config.name, function, config.weight, config.on_error, spec.max_score, spec.external, spec.checks_gold)


@runtime_checkable
class InBatches(Protocol):
    """A comparer that compares all answers of a call together, which is quicker than one after another."""

    def batched(self, make: Callable[[Compare], RewardFn]) -> RewardFn:
        """Returns the reward function that `make` makes of a comparer."""
        ...


def _comparing(make: Callable[..., RewardFn], equal: Compare) -> RewardFn:
    def given(compare: Compare) -> RewardFn:
        return make(equal=compare)

    return equal.batched(given) if isinstance(equal, InBatches) else given(equal)


def _refuse_function_settings(config: RewardConfig) -> None:
    """Raises for keys that have no effect on a built-in reward."""
    for key in ("timeout", "isolate", "completions"):
        value = getattr(config, key)
        if value != RewardConfig.model_fields[key].default:
            fix = "only a function of your own takes it; take it out, or write it under params"
            raise UserError(f"rewards.{key} of {config.name!r} is {value!r}: {fix}")


def _instead(name: str) -> str:
    if near := nearest(name, REWARDS):
        return f"did you mean {near!r}?"
    return f"use {', '.join(REWARDS)}, `package.module:function` or `file.py:function`"
