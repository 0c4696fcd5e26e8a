"""Calls reward functions that may fail, and validates what they return."""

import asyncio
import inspect
import math
from collections.abc import Awaitable, Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from functools import partial
from threading import Event
from typing import Any

from whet.errors import UserError
from whet.redact import redact
from whet.text import one_line


class RewardError(Exception):
    """A reward function raised, or returned something that is no reward."""


def attempt_all(calls: Sequence[Callable[[], Any]]) -> list[Any]:
    """Runs each call and returns its result or exception, in order. Awaitables are awaited together.

    Raises:
        UserError: the first that a call raises; it is not returned.
    """
    results = [_attempt(call) for call in calls]
    waiting = [index for index, result in enumerate(results) if inspect.isawaitable(result)]
    if waiting:
        for index, result in zip(waiting, _await_all([results[index] for index in waiting]), strict=True):
            results[index] = result
    for result in results:
        if isinstance(result, UserError):
            raise result
    return results


def _attempt(call: Callable[[], Any]) -> Any:
    try:
        return call()
    except (Exception, SystemExit) as error:
        return error


def _await_all(awaitables: Sequence[Awaitable[Any]]) -> list[Any]:
    """Awaits all concurrently and returns results or exceptions; an interrupt of the caller cancels them all."""
    cancels: list[Callable[[], Any]] = []
    interrupted = Event()

    async def gather() -> list[Any]:
        loop, task = asyncio.get_running_loop(), asyncio.current_task()
        assert task is not None  # a coroutine always runs in one
        cancels.append(partial(loop.call_soon_threadsafe, task.cancel))
        results = asyncio.gather(*awaitables, return_exceptions=True)
        if interrupted.is_set():  # before there was anything to cancel
            await asyncio.sleep(0)  # all begin, so that each can end what it has started
            task.cancel()
        return list(await results)

    # A thread of its own, since the caller may already be inside an event loop, as in a notebook.
    with ThreadPoolExecutor(max_workers=1) as thread:
        try:
            return thread.submit(asyncio.run, gather()).result()
        except BaseException:
            interrupted.set()
            for cancel in cancels:
                with suppress(RuntimeError):  # all is done, and the loop closed
                    cancel()
            raise


def one_by_one(calls: Sequence[Callable[[], Any]]) -> list[Any]:
    """The single reward that each call returns, or the `RewardError` that says why there is none."""
    return [_entries(result, 1)[0] for result in attempt_all(calls)]


def _entries(result: Any, count: int) -> list[Any]:
    try:
        return as_rewards(result, count)
    except RewardError as error:
        return [error] * count


def as_rewards(result: Any, count: int) -> list[Any]:
    """The `count` entries of a reward function's result, which is a list, an array or a tensor.

    Raises:
        RewardError: the result is of another type or length, or an exception.
    """
    entries = entries_of(result)
    if len(entries) != count:
        raise RewardError(f"returned {len(entries)} rewards for {count} completions")
    return entries


def entries_of(result: Any) -> list[Any]:
    """`as_rewards` without the check of the length."""
    if isinstance(result, RewardError):
        raise result
    if isinstance(result, BaseException):
        raise RewardError(one_line(f"raised {type(result).__name__}: {result}", 300)) from result
    try:
        return list(result)
    except Exception:
        raise RewardError(f"returned {type(result).__name__} where a list was due") from None


def as_reward(entry: Any) -> float | None:
    """Converts one entry to a finite float; `None` (not applicable) stays `None`.

    Raises:
        RewardError: the entry is itself one, text, NaN, infinity, or anything else that is no number.

    >>> as_reward(True), as_reward(None)
    (1.0, None)
    """
    if entry is None:
        return None
    if isinstance(entry, RewardError):
        raise entry
    try:
        entry = entry.item() if hasattr(entry, "item") else entry  # of NumPy or torch, also an array of one
        value = float(entry) if not isinstance(entry, str | bytes) else math.nan
    except Exception:  # whatever an object of the user's raises, it is no number
        value = math.nan
    if not math.isfinite(value):
        raise RewardError(redact(f"gave {entry!r}")[:300])
    return value
