"""Adapts custom reward functions, as written for TRL, by passing the keywords that they name.

def brief(completions, **kwargs):
    return [float(len(completion[0]["content"]) < 200) for completion in completions]
"""

import inspect
from collections.abc import Callable, Mapping
from typing import Any

from whet.errors import UserError, did_you_mean
from whet.protocols import RewardFn


def adapt(function: Callable[..., Any], name: str, params: Mapping[str, Any]) -> RewardFn:
    """Wraps a function as a reward: it gets `params` and the columns that it names, or all with `**kwargs`.

    Async functions stay async.

    Raises:
        UserError: a parameter that the function does not take; when called, a column that the data lacks.
    """
    takes, needs = _keywords(function)
    for unknown in sorted(set(params) - takes) if takes is not None else ():
        known = f"the function takes {_listed(takes)}{did_you_mean(unknown, takes or ())}"
        raise UserError(f"rewards.params of {name!r} has {unknown!r}: {known}")

    def reward(**columns: Any) -> Any:
        given = {**columns, **params}
        missing = sorted(needs - set(given))
        if missing:
            raise UserError(f"reward {name!r} needs a column {missing[0]!r}: the data has {_listed(columns)}")
        return function(**{key: value for key, value in given.items() if takes is None or key in takes})

    return reward


def _keywords(function: Callable[..., Any]) -> tuple[set[str] | None, set[str]]:
    """The keywords that a function takes (`None` for any) and those that it needs."""
    parameters = inspect.signature(function).parameters.values()
    named = [p for p in parameters if p.kind in (p.POSITIONAL_OR_KEYWORD, p.KEYWORD_ONLY)]
    takes_any = any(p.kind is p.VAR_KEYWORD for p in parameters)
    return None if takes_any else {p.name for p in named}, {p.name for p in named if p.default is p.empty}


def _listed(names: Any) -> str:
    return ", ".join(sorted(names)) or "none"
