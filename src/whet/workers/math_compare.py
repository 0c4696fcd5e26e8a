"""Compares answers by computer algebra in a worker, so that a runaway comparison costs no more than its time limit."""

import json
import logging
from collections.abc import Callable, Sequence
from contextlib import suppress
from functools import cache, lru_cache

from whet.rewards import latex
from whet.rewards.equality import ComparisonTimeout, answers_equal
from whet.text import one_line
from whet.types import Group
from whet.workers.supervisor import Service
from whet.workers.worker import Worker

LIMIT = 5.0
"""Seconds for comparing one answer with the gold one."""

MEMORY = 4 << 30
"""Bytes of address space: a number with a billion digits must not push the run out of memory."""

SHOWN = 60
"""Characters of an answer that are shown."""

_LOG = logging.getLogger(__name__)


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


def _warn(timeout: ComparisonTimeout) -> None:
    for line in timeout_lines([timeout]):
        _LOG.warning(line)


class AnswerComparer:
    """Checks two answers for equality, as `answers_equal` does, with the algebra in a worker.

    A comparison without a verdict counts as not equal and goes to `report`; it is not cached.
    """

    def __init__(self, report: Callable[[ComparisonTimeout], None] = _warn, algebra: Algebra | None = None) -> None:
        self._report, self._algebra = report, algebra or shared_algebra()

    def __call__(self, given: str, gold: str) -> bool:
        try:
            return answers_equal(given, gold, self._algebra.equal)
        except NoVerdictError as error:
            self._report(ComparisonTimeout(given.strip(), gold.strip(), str(error)))
            return False


def timeout_lines(timeouts: list[ComparisonTimeout], groups: Sequence[Group] = ()) -> list[str]:
    """Returns a line that counts the comparisons that timed out, or no line where none did. Clears `timeouts`.

    The line shows the first of these answers and, if it is in one of `groups`, names its rollout.
    """
    if not timeouts:
        return []
    first, count = timeouts[0], len(timeouts)
    timeouts.clear()
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
