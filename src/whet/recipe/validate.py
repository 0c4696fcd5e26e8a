"""Validates a recipe and describes each mistake: the key, its value, what it must be."""

from collections.abc import Callable, Iterator, Sequence
from functools import partial
from typing import Any

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from whet.chat_template.template_settings import check_template_settings
from whet.config import Config, RayConfig, RewardConfig, SourceConfig
from whet.config.fields import missing, must_be
from whet.data.load_data import check_source
from whet.data.question_template import check_question_template
from whet.errors import UserError
from whet.formats import BUILT_IN, build_format
from whet.recipe.keys import Path, dotted, is_known, key_of, known_keys, pattern, to_path
from whet.recipe.refuse_secrets import secret_in
from whet.recipe.suggest import suggest, unknown_key
from whet.recipe.tree import Tree
from whet.rewards.registry import build_reward
from whet.rewards.weight_schedule import ends

Problems = dict[Path, str]
"""Errors by path."""


def validated(tree: Tree) -> tuple[Config | None, Problems]:
    """Returns the settings and the errors: of types and ranges, or without any, of names and combinations.

    Opens no file and loads no function.
    """
    config, problems = _validated(tree)
    return config, problems if problems or config is None else dict(_misfits(config))


def _validated(tree: Tree) -> tuple[Config | None, Problems]:
    leaves = _leaves(tree, ())
    checks = (secret_in, _coerced, _undecoded)
    found = {path: next(filter(None, (check(path, value) for check in checks)), None) for path, value in leaves}
    problems = {path: text for path, text in found.items() if text}
    try:
        return Config.model_validate(tree), problems
    except ValidationError as error:
        for detail in error.errors(include_url=False):
            path = _location(detail["loc"], tree)
            if not _follows_from(detail, path, problems):
                problems.setdefault(path, _explain(detail, path))
        return None, _without_echoes(problems)


def _follows_from(detail: ErrorDetails, path: Path, problems: Problems) -> bool:
    """Whether a section's contradiction was found with a value that is wrong by itself."""
    return detail["type"] == "value_error" and any(inner[: len(path)] == path for inner in problems)


def _leaves(value: Any, path: Path) -> Iterator[tuple[Path, Any]]:
    inside: Any = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for part, inner in inside:
        yield from _leaves(inner, (*path, part))
    if not isinstance(value, dict | list):
        yield path, value


def _coerced(path: Path, value: Any) -> str | None:
    """The error for a value that pydantic would coerce: a boolean or text for a number, another type for a boolean."""
    key = key_of(path)
    if key is None or Any in key.types or not is_known(path):
        return None
    numeric = bool({int, float} & key.types)
    wrong_type = numeric and (isinstance(value, bool) or (isinstance(value, str) and str not in key.types))
    wrong_truth = bool in key.types and not isinstance(value, bool)
    return must_be(value, key) if wrong_type or wrong_truth else None


def _undecoded(path: Path, value: Any) -> str | None:
    """The error for a text that no tokenizer and no file takes: with half a character, or bytes that are no UTF-8."""
    if not isinstance(value, str) or value.isascii():
        return None
    try:
        value.encode()
    except UnicodeEncodeError:
        fix = "write the whole character, or set PYTHONUTF8=1 where a terminal's locale is not UTF-8"
        written = value.encode("ascii", "backslashreplace").decode()[:60]
        return f"is '{written}', with half a character in it; {fix}"
    return None


def _location(loc: Sequence[str | int], tree: Tree) -> Path:
    """The path of a pydantic error, without pydantic's names for members of a union."""
    path: Path = ()
    node: Any = tree
    for part in loc:
        inside = part in (node if isinstance(node, dict) else range(len(node)) if isinstance(node, list) else ())
        if inside or pattern((*path, part)) in known_keys():
            path = (*path, part)
            node = node[part] if inside else None
    return path


def _explain(detail: ErrorDetails, path: Path) -> str:
    key = key_of(path)
    if detail["type"] == "extra_forbidden":
        return unknown_key(path)
    if key is None or detail["type"] in ("value_error", "assertion_error"):
        return detail["msg"].removeprefix("Value error, ")
    if detail["type"] == "missing" and path[-1] == detail["loc"][-1]:
        return missing(key)
    return must_be(detail["input"], key)


def _without_echoes(problems: Problems) -> Problems:
    """Drops errors about missing keys that an unknown key was meant to be."""
    meant = {suggest(path) for path, text in problems.items() if text.startswith("unknown key")}
    return {
        path: text for path, text in problems.items() if not (text.startswith("is missing") and dotted(path) in meant)
    }


def _misfits(config: Config) -> Iterator[tuple[Path, str]]:
    """Yields errors of names, templates and parameters; opens no file and loads no function."""
    for path, check in _checks(config):
        try:
            check()
        except UserError as error:
            field, _, text = str(error).partition(": ")
            deeper = f"{field}.".startswith(f"{dotted(path)}.") and " " not in field
            yield (to_path(field), text) if deeper else (path, str(error))


def _checks(config: Config) -> Iterator[tuple[Path, Callable[[], object]]]:
    data = config.data
    sources: tuple[tuple[Path, SourceConfig | None], ...] = (
        (("data", "train"), data.train),
        (("data", "test"), data.test),
        *((("data", "mix", index), source) for index, source in enumerate(data.mix)),
        (("sft", "data"), config.sft.data),
    )
    for path, source in sources:
        if source is not None:
            yield path, partial(check_source, source, dotted(path))
    yield ("model", "template"), partial(check_template_settings, config.model.template)
    yield ("rewards",), partial(_refuse_no_weight, config)
    yield ("sft", "lora"), partial(_refuse_adapters_twice, config)
    yield ("rollout", "ray"), partial(_refuse_a_cluster_within, config)
    yield ("data", "question"), partial(check_question_template, data.question)
    yield ("format",), partial(build_format, config.format)
    layout, known = BUILT_IN["think_answer"], {"max_tokens": config.grpo.sampling.max_tokens}
    for index, reward in enumerate(config.rewards):
        if ":" not in reward.name:
            yield (
                ("rewards", index),
                partial(build_reward, reward, layout, _no_function, known, field=f"rewards.{index}"),
            )


def _refuse_no_weight(config: Config) -> None:
    """Raises `UserError` where no reward ever counts, so that all responses are worth the same."""
    weights = [part for one in config.rewards for part in ends(one.weight)]
    if not any(weights):
        raise UserError("have no weight but 0, so no response is better than another; give one of them a weight")


def _refuse_adapters_twice(config: Config) -> None:
    if config.sft.lora and config.model.lora:
        raise UserError("the warm start trains the adapters of model.lora already; leave sft.lora out")


def _refuse_a_cluster_within(config: Config) -> None:
    asked = config.rollout.ray or RayConfig()
    if config.compute.ray and config.rollout.engine == "ray" and asked.address == "local":
        what = "address is local, but the processes run on a Ray cluster (compute.ray)"
        raise UserError(f"{what}; set rollout.ray.address to {config.compute.ray.address}")


def _no_function(reward: RewardConfig) -> Callable[..., Any]:
    raise UserError(f"{reward.name} is no built-in reward")
