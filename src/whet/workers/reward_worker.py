"""The worker's side of `SubprocessReward`: loads a user's reward function and calls it with the columns of a request.

Requests are pickles, which the run made. Answers are JSON: the run unpickles nothing.
"""

import asyncio
import inspect
import json
import os
import traceback
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from functools import partial
from multiprocessing.reduction import ForkingPickler
from pathlib import Path
from typing import Any

from whet.errors import UserError
from whet.rewards import user
from whet.rewards.calls import RewardError, as_reward, entries_of
from whet.rewards.logs import plain
from whet.rewards.reads_text import reads_text
from whet.rewards.user import call_with
from whet.text import one_line
from whet.workers.import_function import load_function
from whet.workers.supervisor import Service

_OURS = frozenset({__file__, user.__file__})
"""Files whose frames are ours, not those of the function."""

Function = Callable[..., Any]
Logged = list[list[Any]]
"""Recorded calls of loggers: the logger's name and its arguments."""


def service(setup: dict[str, str]) -> Service:
    """Loads `spec` with `folder` as working folder. An empty request returns its parameters, any other calls it."""
    os.chdir(setup["folder"])
    function = load_function(setup["spec"])

    def answer(request: bytes) -> bytes:
        return json.dumps(call(function, request) if request else described(function)).encode()

    return answer


def described(function: Function) -> dict[str, Any]:
    """Returns the function's parameters, and whether it reads completions as texts."""
    return {"parameters": parameters(function), "reads_text": reads_text(function)}


def parameters(function: Function) -> list[tuple[str, str, bool]]:
    """Returns (name, kind, has a default) per parameter; one `**columns` for a function without a signature."""
    try:
        found = inspect.signature(function).parameters.values()
    except (ValueError, TypeError):
        return [("columns", "VAR_KEYWORD", False)]
    return [(one.name, one.kind.name, one.default is not one.empty) for one in found]


def call(function: Function, request: bytes) -> dict[str, Any]:
    """Calls the function with the columns of a request, each pickled by itself, and with its loggers.

    Returns `rewards`, each a number, `None`, or `{"wrong": why it is no reward}`; or, where there are none, `wrong`
    (what the function did) or `fix` (what the user must fix). `logged` is always there.
    """
    columns, loggers = ForkingPickler.loads(request)
    logged: Logged = []
    given = {name: partial(LOGGERS[name], logged) for name in loggers}
    for name, column in columns.items():
        with suppress(Exception):  # a class that cannot be imported here
            given[name] = ForkingPickler.loads(column)
    try:
        rewards = [_entry(one) for one in entries_of(_result(function, given))]
    except UserError as error:
        return {"fix": str(error), "logged": logged}
    except RewardError as error:
        return {"wrong": str(error), "logged": logged}
    except BaseException as error:  # also KeyboardInterrupt or SystemExit that the function raised
        return {"wrong": told(error, function), "logged": logged}
    return {"rewards": rewards, "logged": logged}


def _result(function: Function, given: dict[str, Any]) -> Any:
    result = call_with(function, given)
    return asyncio.run(_awaited(result)) if inspect.isawaitable(result) else result


async def _awaited(result: Awaitable[Any]) -> Any:
    return await result


def _entry(entry: Any) -> float | dict[str, str] | None:
    try:
        return as_reward(entry)
    except RewardError as error:
        return {"wrong": str(error)}


def told(error: BaseException, function: Function) -> str:
    """Formats what a function raised as one line, with the last line of its own file in the traceback."""
    text = one_line(f"raised {type(error).__name__}: {error}", 300)
    file = getattr(getattr(inspect.unwrap(function), "__code__", None), "co_filename", None)
    frames = [frame for frame in traceback.extract_tb(error.__traceback__) if frame.filename not in _OURS]
    last = ([frame for frame in frames if frame.filename == file] or frames)[-1:]
    return "".join([text, *(f" ({Path(frame.filename).name}, line {frame.lineno})" for frame in last)])


def _log_metric(logged: Logged, name: str, value: float) -> None:
    logged.append(["log_metric", str(name), float(value)])


def _log_extra(logged: Logged, column: str, values: Sequence[Any]) -> None:
    logged.append(["log_extra", str(column), [plain(value) for value in values]])


LOGGERS: dict[str, Callable[..., None]] = {"log_metric": _log_metric, "log_extra": _log_extra}
"""By the parameter that receives them; each records its call, for the run to repeat."""
