"""Compares answers by computer algebra in a worker, so that a runaway comparison costs no more than its time limit."""

import json
import os
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from functools import cache
from queue import LifoQueue
from threading import Lock
from time import monotonic
from typing import Any

from whet.protocols import RewardFn
from whet.rewards import latex
from whet.rewards.equality import answers_equal
from whet.rewards.latex import Compare
from whet.text import one_line
from whet.types import ComparisonTimeout, Group
from whet.workers.supervisor import Service
from whet.workers.worker import Worker

LIMIT = 5.0
"""Seconds for comparing one answer with the gold one."""

MEMORY = 4 << 30
"""Bytes of address space: a number with a billion digits must not push the run out of memory."""

SHOWN = 60
"""Characters of an answer that are shown."""

MOST_LATE = 10
"""Comparisons of a grading without a budget that may run out of time before no more are made."""

MANY_LATE = f"was not compared: {MOST_LATE} comparisons had run out of time"

MOST_PROCESSES = 4
"""Workers that compare at a time; each takes about 100 MB."""

PER_PROCESS = 8
"""Comparisons for which a further worker is worth its start, about two seconds."""

KEPT = 4096
"""Verdicts that are remembered."""

Pair = tuple[str, str]
"""An answer and the gold answer, as algebra gets them."""


def service(_: None) -> Service:
    """Returns the service that compares the two formulas of a request. Limits the memory of its process."""
    import resource

    latex.verify("x", "y + 1")  # loads the library
    with suppress(ValueError, OSError):  # systems that know no such limit
        resource.setrlimit(resource.RLIMIT_AS, (MEMORY, resource.getrlimit(resource.RLIMIT_AS)[1]))
    return lambda request: json.dumps(latex.verify(*json.loads(request))).encode()


class NoVerdictError(Exception):
    """A comparison timed out, or ended its process."""


class Algebra:
    """Checks two formulas for mathematical equality, as `whet.rewards.latex.verify` does, in worker processes.

    `limit` is in seconds per pair; `processes` is how many pairs are compared at a time, by default one per core up to
    `MOST_PROCESSES`. A process starts when it is first needed.
    """

    def __init__(self, limit: float = LIMIT, processes: int | None = None) -> None:
        count = processes or min(MOST_PROCESSES, os.cpu_count() or 1)
        self.limit = limit
        self.workers = [Worker("whet.workers.math_compare:service", preload=True) for _ in range(count)]
        self._idle: LifoQueue[Worker] = LifoQueue()  # the last used first: a lone comparison starts no second process
        for worker in reversed(self.workers):
            self._idle.put(worker)
        self._verdicts: dict[Pair, bool] = {}
        self._looking = Lock()  # several threads share the verdicts; held while nobody is asked

    def equal(self, given: str, gold: str, limit: float | None = None) -> bool:
        """`ask` with a cache. A pair without a verdict is not kept, so it is compared again when it is next asked."""
        key = given, gold
        with self._looking:
            known = self._verdicts.get(key)
        if known is not None:
            return known
        verdict = self.ask(given, gold, limit)
        with self._looking:
            if len(self._verdicts) >= KEPT:
                self._verdicts.pop(next(iter(self._verdicts)))
            self._verdicts[key] = verdict
        return verdict

    def ask(self, given: str, gold: str, limit: float | None = None) -> bool:
        """Whether `given` equals `gold`. Raises `NoVerdictError` where a worker returns no verdict in time."""
        worker = self._idle.get()
        try:
            outcome = worker.ask(json.dumps([given, gold]).encode(), self.limit if limit is None else limit)
        finally:
            self._idle.put(worker)
        if outcome.fate != "answered":
            raise NoVerdictError(outcome.what)
        return bool(json.loads(outcome.answer))

    def close(self) -> None:
        """Ends the workers; the next comparison starts another."""
        for worker in self.workers:
            worker.close()


@cache
def shared_algebra() -> Algebra:
    """Returns the instance that all comparers of this process share: a verdict depends on the two formulas only."""
    return Algebra()


class AnswerComparer:
    """Checks two answers for equality, as `answers_equal` does, with the algebra in workers.

    A comparison without a verdict counts as not equal and is kept until `take_timeouts` is called, which ends a
    grading: until then the same answers are not compared again. A grading ends, come what may: with `budget`, once its
    comparisons have taken so many seconds no more are made; without, once `MOST_LATE` of them ran out of time.
    """

    def __init__(self, algebra: Algebra | None = None, budget: float | None = None) -> None:
        self.algebra = algebra or shared_algebra()
        self._budget, self._spent = budget, 0.0
        self._verdicts: dict[Pair, bool] = {}
        self._late: dict[Pair, str] = {}
        self._timeouts: list[ComparisonTimeout] = []

    def __call__(self, given: str, gold: str) -> bool:
        try:
            return answers_equal(given, gold, self._equal)
        except NoVerdictError as error:
            self._timeouts.append(ComparisonTimeout(given.strip(), gold.strip(), str(error)))
            return False

    def batched(self, make: Callable[[Compare], RewardFn]) -> "BatchedReward":
        """A reward function that compares answers in parallel; `make` gives one that compares with its argument.

        The function is called twice where formulas must be compared: first to find these, all taken for unequal, then,
        with their verdicts known, for its rewards. Verdicts do not depend on the order or the time of comparing.
        """
        return BatchedReward(self, make)

    def take_timeouts(self) -> list[ComparisonTimeout]:
        """The comparisons that ran out of time since this was last called; the same answers may be compared again."""
        taken, self._timeouts, self._late = self._timeouts, [], {}
        self._verdicts, self._spent = {}, 0.0
        return taken

    def compare_all(self, pairs: Sequence[Pair]) -> None:
        """Compares pairs, begun in their order, on as many workers as there is work for."""
        threads = min(len(self.algebra.workers), 1 + len(pairs) // PER_PROCESS)
        started, spent = monotonic(), self._spent
        with ThreadPoolExecutor(threads) as pool:
            try:
                for _ in pool.map(lambda pair: self._compare(pair, spent + monotonic() - started), pairs):
                    pass
            except BaseException:  # an interrupt: what has not begun is not begun
                pool.shutdown(wait=False, cancel_futures=True)
                raise
            finally:
                self._spent += monotonic() - started

    def _equal(self, given: str, gold: str) -> bool:
        pair = given, gold
        started = monotonic()
        self._compare(pair, self._spent)
        self._spent += monotonic() - started
        if pair in self._late:
            raise NoVerdictError(self._late[pair])
        return self._verdicts[pair]

    def _compare(self, pair: Pair, spent: float) -> None:
        """Keeps the verdict of a pair, or why there is none; `spent` is the time taken by comparing, in seconds."""
        if pair in self._verdicts or pair in self._late:
            return
        left = None if self._budget is None else self._budget - spent
        over = f"was not compared: {self._budget:g} s of comparing were over" if left is not None else MANY_LATE
        if left <= 0 if left is not None else len(self._late) >= MOST_LATE:
            self._late[pair] = over
            return
        is_cut = left is not None and left < self.algebra.limit
        try:
            self._verdicts[pair] = self.algebra.equal(*pair, *([left] if is_cut else []))
        except NoVerdictError as error:
            self._late[pair] = over if is_cut else str(error)


class BatchedReward:
    """A reward function that compares the answers of a call in parallel."""

    def __init__(self, comparer: AnswerComparer, make: Callable[[Compare], RewardFn]) -> None:
        self.comparer, self.make, self.reward = comparer, make, make(comparer)

    def __call__(self, **columns: Any) -> Any:
        found, wanted = self._found(columns)
        if not wanted:
            return found
        self.comparer.compare_all(wanted)
        return self.reward(**columns)

    def ahead(self, **columns: Any) -> None:
        """Compares what grading these rows will need, so that it finds the verdicts; may be called in any thread.

        Nothing else is kept: a comparison that runs out of time is made again when the rows are graded.
        """
        for pair in self._found(columns)[1]:
            with suppress(NoVerdictError):
                self.comparer.algebra.equal(*pair)

    def _found(self, columns: Mapping[str, Any]) -> tuple[Any, list[Pair]]:
        """The rewards with all formulas taken for unequal, and the formulas that must be compared."""
        wanted: dict[Pair, None] = {}
        finding = self.make(lambda given, gold: answers_equal(given, gold, lambda *pair: bool(wanted.setdefault(pair))))
        return finding(**columns), list(wanted)


def timeout_lines(timeouts: Sequence[ComparisonTimeout], groups: Sequence[Group] = (), fix: str = "") -> list[str]:
    """A line on comparisons that ran out of time, none where none did.

    The line shows the first of these answers and, if it is in one of `groups`, names its rollout; `fix` ends it.
    """
    if not timeouts:
        return []
    first, count = timeouts[0], len(timeouts)
    times = "once" if count == 1 else f"{count} times"
    where = f", {'' if count == 1 else 'first '}on {place}" if (place := _place(first, groups)) else ""
    shown = f"{one_line(first.given, SHOWN)!r} {one_line(first.what)}"
    ending = f": {fix}" if fix else ""
    return [f"comparing an answer was given up {times}{where}: {shown} (counts as not equal){ending}"]


def _place(first: ComparisonTimeout, groups: Sequence[Group]) -> str | None:
    """Names the first rollout that contains the answer: of a problem with that gold answer, or else of any."""
    holding = [
        (group.prompt.problem.answer.strip() != first.gold, f"sample {number} of problem {group.prompt.problem.id}")
        for group in groups
        for number, rollout in enumerate(group.rollouts)
        if first.given in rollout.text
    ]
    # False sorts before True, and `min` keeps the first: a problem with that gold answer wins
    return min(holding, key=lambda place: place[0])[1] if holding else None
