"""Runs users' reward functions in subprocesses, so that none can hang a run, end it, or fill its terminal."""

import asyncio
import inspect
import json
from collections import deque
from collections.abc import Awaitable, Callable, Mapping, Sequence
from concurrent.futures import Future
from multiprocessing.reduction import ForkingPickler
from pathlib import Path
from threading import Lock, Thread
from typing import Any

from whet.config import RewardConfig
from whet.errors import UserError
from whet.rewards.calls import RewardError
from whet.text import one_line
from whet.workers.import_function import load_function
from whet.workers.reward_worker import LOGGERS
from whet.workers.worker import LOADING, Outcome, Worker

Loggers = Mapping[str, Callable[..., None]]

MOST_LATE = 10
"""Timeouts in one step after which its remaining calls fail at once, so that a step always ends."""

SHOWN = 60
"""Characters of a function's output that are shown when it fails."""


def load_reward(config: RewardConfig) -> Callable[..., Any]:
    """Loads the user's function that a reward names: in a worker, or in this process if `isolate` is false.

    Raises:
        UserError: what `load_function` raises; an import that ends the process or takes too long.
    """
    return SubprocessReward(config.name, config.timeout) if config.isolate else load_function(config.name)


class SubprocessReward:
    """A reward function that runs in a worker; it has the signature of the user's function.

    A call returns an awaitable at once, so several functions run at the same time, each in its own process, whose
    module state lasts from call to call. The calls of one function are made in order.
    """

    def __init__(self, spec: str, timeout: float) -> None:
        self.spec, self.timeout = spec, timeout
        setup = {"spec": spec, "folder": str(Path.cwd())}
        self._worker = Worker("whet.workers.reward_worker:service", setup, loading=LOADING)
        self._waiting: deque[tuple[Future[Any], bytes, Loggers]] = deque()
        self._lock, self._late = Lock(), 0
        found = self._describe()
        self.__signature__ = _signature(found["parameters"])
        self.reads_text: bool = found["reads_text"]

    def __call__(self, **columns: Any) -> Awaitable[list[Any]]:
        """Queues the call for the worker.

        The awaitable returns the function's list, with a `RewardError` for an entry that is no reward. It raises
        `RewardError` where there is no list: the function raised, timed out, or ended its process. Cancelling it kills
        the worker.

        Raises:
            UserError: a parameter of the function names a column that cannot be pickled.
        """
        loggers = {name: columns.pop(name) for name in LOGGERS if name in columns}
        sent, kept = packed(columns)
        if unsendable := sorted(kept & set(self.__signature__.parameters)):
            fix = "write `isolate: false` beside its name, and it runs in the training process"
            raise UserError(
                f"reward {self.spec!r} asks for {unsendable[0]!r}, which cannot be sent to a process of its own; {fix}"
            )
        request, future = bytes(ForkingPickler.dumps((sent, list(loggers)))), Future[Any]()
        with self._lock:
            self._waiting.append((future, request, loggers))
            if len(self._waiting) == 1:
                self._late = 0
                # A thread only while there are calls; unlike an executor's, it does not keep the run from ending.
                Thread(target=self._make_calls, daemon=True).start()
        return self._result(future)

    async def _result(self, future: Future[Any]) -> list[Any]:
        try:
            return await asyncio.wrap_future(future)
        except asyncio.CancelledError:
            self.close()
            raise

    def _make_calls(self) -> None:
        is_last = False
        while not is_last:
            future, request, loggers = self._waiting[0]
            result = error = None
            try:
                if future.set_running_or_notify_cancel():
                    result = self._ask(request, loggers)
            except BaseException as raised:
                error = raised
            # Leaves the queue before the result is set: a call made because of it belongs to a new step (`_late = 0`).
            with self._lock:
                self._waiting.popleft()
                is_last = not self._waiting
            if error:
                future.set_exception(error)
            elif not future.cancelled():
                future.set_result(result)

    def close(self) -> None:
        """Kills the worker; the next call starts another."""
        self._worker.close()

    def _ask(self, request: bytes, loggers: Loggers) -> list[Any]:
        if self._late >= MOST_LATE:
            raise RewardError(f"was not asked: {MOST_LATE} calls of this step had run out of time")
        outcome = self._worker.ask(request, self.timeout)
        self._late += outcome.fate == "late"
        if outcome.fate != "answered":
            raise RewardError(f"{outcome.what}{_output_note(outcome)}")
        reply = json.loads(outcome.answer)
        for name, *arguments in reply["logged"]:
            loggers[name](*arguments)
        if "fix" in reply:
            raise UserError(reply["fix"])
        if "wrong" in reply:
            raise RewardError(f"{reply['wrong']}{_output_note(outcome)}")
        return [RewardError(one["wrong"]) if isinstance(one, dict) else one for one in reply["rewards"]]

    def _describe(self) -> dict[str, Any]:
        outcome = self._worker.ask(b"", LOADING)
        if outcome.fate != "answered":
            self.close()
        if outcome.fate == "refused":
            raise UserError(outcome.what)
        if outcome.fate != "answered":
            fix = "fix what it does while it is imported, or write `isolate: false` beside its name"
            raise UserError(f"rewards has {self.spec!r}: importing it {outcome.what}{_output_note(outcome)}; {fix}")
        return dict(json.loads(outcome.answer))


def _signature(parameters: Sequence[tuple[str, str, bool]]) -> inspect.Signature:
    """The signature of a function with these parameters: name, kind, has a default. All are given by name."""
    parameter = inspect.Parameter
    kinds = {"POSITIONAL_ONLY": "POSITIONAL_OR_KEYWORD"}
    return inspect.Signature(
        [
            parameter(name, getattr(parameter, kinds.get(kind, kind)), default=None if has_default else parameter.empty)
            for name, kind, has_default in parameters
        ]
    )


def packed(columns: Mapping[str, Any]) -> tuple[dict[str, bytes], set[str]]:
    """Pickles each column by itself; returns them, and the names of those that cannot be pickled.

    >>> sent, kept = packed({"answer": ["4"], "check": [lambda text: 1.0]})
    >>> sorted(sent), kept
    (['answer'], {'check'})
    """
    sent: dict[str, bytes] = {}
    for name, column in columns.items():
        try:
            sent[name] = bytes(ForkingPickler.dumps(column))
        except Exception:  # pickling an object may raise anything
            continue
    return sent, set(columns) - set(sent)


def _output_note(outcome: Outcome) -> str:
    return f"; it printed: {one_line(outcome.printed, SHOWN)}" if outcome.printed.strip() else ""
