"""Computer algebra in a worker: an answer that makes it run away costs its limit, and nothing else."""

import json
from contextlib import suppress
from dataclasses import dataclass
from functools import cache

from whet.rewards import latex
from whet.workers.supervisor import Service
from whet.workers.worker import Worker

LIMIT = 5.0
"""Seconds for comparing one answer with the gold one."""

MEMORY = 4 << 30
"""Bytes of address space: a number with a billion digits must not push the run out of memory."""


def service(_: None) -> Service:
    """Compares the two formulas of a request. For a process of its own, whose memory it limits."""
    import resource

    latex.verify("x", "y + 1")  # loads the library
    with suppress(ValueError, OSError):  # systems that know no such limit
        resource.setrlimit(resource.RLIMIT_AS, (MEMORY, resource.getrlimit(resource.RLIMIT_AS)[1]))

    def equal(request: bytes) -> bytes:
        try:
            return json.dumps(latex.verify(*json.loads(request))).encode()
        except Exception:  # whatever way it fails on what a model wrote, it has shown no equality
            return b"false"

    return equal


@dataclass(frozen=True, slots=True)
class ComparisonTimeout:
    """A comparison that was not finished; the answer then counts as not equal."""

    given: str
    gold: str
    what: str
    """What it did: `took longer than 5 s and was stopped`."""


class Algebra:
    """Says of two formulas whether they are equal as mathematics, as `whet.rewards.latex.verify` does, in a worker.

    `limit` is in seconds for each pair.
    """

    def __init__(self, limit: float = LIMIT) -> None:
        self.limit = limit
        self._worker = Worker("whet.workers.math_compare:service", preload=True)
        self._given_up: list[ComparisonTimeout] = []

    def equal(self, given: str, gold: str) -> bool:
        """Whether `given` equals `gold`; `False` where this cannot be found out within the limit."""
        outcome = self._worker.ask(json.dumps([given, gold]).encode(), self.limit)
        if outcome.fate == "answered":
            return bool(json.loads(outcome.answer))
        self._given_up.append(ComparisonTimeout(given, gold, outcome.what))
        return False

    def given_up(self) -> list[ComparisonTimeout]:
        """What was given up since this was last asked."""
        taken, self._given_up = self._given_up, []
        return taken

    def close(self) -> None:
        """Ends the worker; the next comparison starts another."""
        self._worker.close()


@cache
def algebra() -> Algebra:
    """The one of this process."""
    return Algebra()


def compare_in_worker() -> None:
    """Has `whet.rewards.latex` compare formulas in a worker from now on."""
    latex.compare_by(algebra().equal)
