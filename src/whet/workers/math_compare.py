"""Compares answers by computer algebra in a worker, so that a runaway comparison costs no more than its time limit."""

import json
from collections.abc import Sequence
from contextlib import suppress
from functools import cache, lru_cache

from whet.rewards import latex
from whet.rewards.equality import answers_equal
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
"""Comparisons of a grading that may run out of time before no more are made: a step ends, come what may."""


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
    """Checks two formulas for mathematical equality, as `whet.rewards.latex.verify` does, in a worker.

    `limit` is in seconds per pair.
    """

    def __init__(self, limit: float = LIMIT) -> None:
        self.limit = limit
        self._worker = Worker("whet.workers.math_compare:service", preload=True)
        self.equal = lru_cache(maxsize=4096)(self.ask)
        """`ask` with a cache; exceptions are not cached, so a pair without a verdict is compared again."""

    def ask(self, given: str, gold: str) -> bool:
        """Whether `given` equals `gold`. Raises `NoVerdictError` where the worker returns no verdict in time."""
        outcome = self._worker.ask(json.dumps([given, gold]).encode(), self.limit)
        if outcome.fate != "answered":
            raise NoVerdictError(outcome.what)
        return bool(json.loads(outcome.answer))

    def close(self) -> None:
        """Ends the worker; the next comparison starts another."""
        self._worker.close()


@cache
def shared_algebra() -> Algebra:
    """Returns the instance that all comparers of this process share: a verdict depends on the two formulas only."""
    return Algebra()


class AnswerComparer:
    """Checks two answers for equality, as `answers_equal` does, with the algebra in a worker.

    A comparison without a verdict counts as not equal and is kept until `take_timeouts` is called: until then the same
    answers are not compared again, and after `MOST_LATE` of them none is, so that a step ends.
    """

    def __init__(self, algebra: Algebra | None = None) -> None:
        self._algebra = algebra or shared_algebra()
        self._late: dict[tuple[str, str], str] = {}
        self._timeouts: list[ComparisonTimeout] = []

    def __call__(self, given: str, gold: str) -> bool:
        try:
            return answers_equal(given, gold, self._equal)
        except NoVerdictError as error:
            self._timeouts.append(ComparisonTimeout(given.strip(), gold.strip(), str(error)))
            return False

    def take_timeouts(self) -> list[ComparisonTimeout]:
        """The comparisons that ran out of time since this was last called; the same answers may be compared again."""
        taken, self._timeouts, self._late = self._timeouts, [], {}
        return taken

    def _equal(self, given: str, gold: str) -> bool:
        if (given, gold) in self._late:
            raise NoVerdictError(self._late[given, gold])
        if len(self._late) >= MOST_LATE:
            raise NoVerdictError(f"was not compared: {MOST_LATE} comparisons had run out of time")
        try:
            return self._algebra.equal(given, gold)
        except NoVerdictError as error:
            self._late[given, gold] = str(error)
            raise


def timeout_lines(timeouts: Sequence[ComparisonTimeout], groups: Sequence[Group] = ()) -> list[str]:
    """A line on comparisons that ran out of time, none where none did.

    The line shows the first of these answers and, if it is in one of `groups`, names its rollout.
    """
    if not timeouts:
        return []
    first, count = timeouts[0], len(timeouts)
    times = "once" if count == 1 else f"{count} times"
    where = f", {'' if count == 1 else 'first '}on {place}" if (place := _place(first, groups)) else ""
    shown = f"{one_line(first.given, SHOWN)!r} {one_line(first.what)}"
    return [f"comparing an answer was given up {times}{where}: {shown} (counts as not equal)"]


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
