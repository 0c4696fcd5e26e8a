"""Adapts custom reward functions, as written for TRL, by passing the keywords that they name.

def brief(completions, **kwargs):
    return [float(len(completion[0]["content"]) < 200) for completion in completions]

A function written for texts, as `[float(len(completion) < 200) for completion in completions]`, is given texts.
"""

import inspect
import logging
from collections.abc import Callable, Mapping
from typing import Any, Literal

from whet.errors import UserError, did_you_mean
from whet.protocols import RewardFn
from whet.rewards.completions import text_of
from whet.rewards.reads_text import reads_text

Form = Literal["auto", "text", "messages"]
"""How completions and prompts reach a function: as texts, as lists of messages, or as its code reads them."""

_LISTS = "; a function is called once for many responses, which it takes as the list `completions`"

_LOG = logging.getLogger("whet.rewards")


def adapt(function: Callable[..., Any], name: str, params: Mapping[str, Any], form: Form = "auto") -> RewardFn:
    """Wraps a function as a reward: it gets `params` and the columns that it names, or all with `**kwargs`.

    Async functions stay async. `form` says whether completions are texts; which `auto` chose is said where it is text.

    Raises:
        UserError: a parameter that the function does not take; when called, a column that the data lacks.
    """
    takes, needs = _keywords(function)
    for unknown in sorted(set(params) - takes) if takes is not None else ():
        known = f"the function takes {_listed(takes)}{did_you_mean(unknown, takes or ())}"
        raise UserError(f"rewards.params of {name!r} has {unknown!r}: {known}")

    as_text = resolved(function, form) == "text"
    if as_text and form == "auto":
        _LOG.warning(
            "reward %r is given completions as texts, since its code reads no messages; if it should be given lists of "
            "messages, write `completions: messages` beside its name",
            name,
        )

    def reward(**columns: Any) -> Any:
        given = {**(_as_texts(columns) if as_text else columns), **params}
        missing = sorted(needs - set(given))
        if missing:
            lists = "" if takes is None or "completions" in takes else _LISTS
            raise UserError(f"reward {name!r} needs a column {missing[0]!r}: the data has {_listed(columns)}{lists}")
        return call_with(function, {key: value for key, value in given.items() if takes is None or key in takes})

    return reward


def resolved(function: Callable[..., Any], form: Form) -> Literal["text", "messages"]:
    """How completions reach a function: as `form` says, or with `auto` as its code reads them."""
    if form == "auto":
        return "text" if reads_text(function) else "messages"
    return form


def _as_texts(columns: Mapping[str, Any]) -> dict[str, Any]:
    """The columns with completions, and prompts as their last turn, as texts."""
    texts = {name: [text_of(one) for one in columns[name]] for name in ("completions",) if name in columns}
    prompts = [one if isinstance(one, str) else text_of(one[-1:]) for one in columns.get("prompts", ())]
    return {**columns, **texts, **({"prompts": prompts} if "prompts" in columns else {})}


def call_with(function: Callable[..., Any], given: Mapping[str, Any]) -> Any:
    """Calls a function with arguments by name; those that it takes by position only come first.

    >>> call_with(lambda completions, /, **others: (completions, others), {"answer": "7", "completions": "8"})
    ('8', {'answer': '7'})
    """
    try:
        parameters = inspect.signature(function).parameters.values()
    except (ValueError, TypeError):
        return function(**given)
    first = [one.name for one in parameters if one.kind is one.POSITIONAL_ONLY and one.name in given]
    return function(*map(given.__getitem__, first), **{key: given[key] for key in given if key not in first})


def _keywords(function: Callable[..., Any]) -> tuple[set[str] | None, set[str]]:
    """The keywords that a function takes (`None` for any) and those that it needs."""
    parameters = inspect.signature(function).parameters.values()
    named = [p for p in parameters if p.kind not in (p.VAR_POSITIONAL, p.VAR_KEYWORD)]
    takes_any = any(p.kind is p.VAR_KEYWORD for p in parameters)
    return None if takes_any else {p.name for p in named}, {p.name for p in named if p.default is p.empty}


def _listed(names: Any) -> str:
    return ", ".join(sorted(names)) or "none"
