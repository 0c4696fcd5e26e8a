"""Contenders in turn, A B A B …, each in a process of its own: what drifts on the machine drifts for all of them."""

import json
import os
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median
from typing import Any

from whet.errors import UserError

CONTENDERS = Path(__file__).parent / "contenders"

LEAST_ROUNDS = 2
"""Rounds that are measured however long they take: from one alone nothing can be said about drift."""

Log = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Contender:
    """A program that does the work and prints one JSON object on its last line."""

    name: str
    python: str
    """The interpreter of the environment it lives in."""
    worker: str
    """A file of `contenders/`."""
    options: Mapping[str, Any] = field(default_factory=dict)
    environment: Mapping[str, str] = field(default_factory=dict)

    def run(self, work: Mapping[str, Any]) -> dict[str, Any]:
        """One process from start to end. Raises `UserError` with the last line it said where it fails."""
        command = [self.python, str(CONTENDERS / self.worker), json.dumps({**work, **self.options})]
        done = subprocess.run(command, capture_output=True, text=True, env={**os.environ, **self.environment})
        if done.returncode:
            last = (done.stderr.strip().splitlines() or ["nothing"])[-1]
            raise UserError(f"bench: {self.name} failed (exit {done.returncode}) and said last: {last}")
        found: dict[str, Any] = json.loads(done.stdout.strip().splitlines()[-1])
        return found


def in_turn(
    contenders: Sequence[Contender], work: Mapping[str, Any], rounds: int, log: Log, seconds: float | None = None
) -> dict[str, list[dict[str, Any]]]:
    """By contender, what each of its processes found: one per round.

    With `seconds`, only as many of the rounds, and `LEAST_ROUNDS` at least, as fit into that time.
    """
    found: dict[str, list[dict[str, Any]]] = {contender.name: [] for contender in contenders}
    began = time.monotonic()
    for number in range(rounds):
        with_another = (time.monotonic() - began) * (number + 1) / max(1, number)
        if seconds is not None and number >= LEAST_ROUNDS and with_another > seconds:
            log(f"{number} rounds: another would take longer than there is time for")
            break
        for contender in contenders:
            log(f"round {number + 1} of {rounds}: {contender.name}")
            found[contender.name].append(contender.run(work))
    return found


@dataclass(frozen=True, slots=True)
class Spread:
    """A figure measured several times."""

    median: float
    low: float
    high: float

    @classmethod
    def of(cls, values: Sequence[float]) -> "Spread":
        """Of at least one measurement."""
        return cls(median(values), min(values), max(values))

    def __str__(self) -> str:
        return f"{self.median:.2f} [{self.low:.2f}, {self.high:.2f}]"
