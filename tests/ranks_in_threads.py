"""Threads that play the processes of a run: no torch.distributed, so that a wrapper is tried in milliseconds."""

import threading
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Any, TypeVar

from torch import Tensor

Result = TypeVar("Result")


@dataclass
class Table:
    """Where the threads lay what they exchange."""

    count: int
    turn: threading.Lock = field(default_factory=threading.Lock)
    barrier: threading.Barrier = field(init=False)
    laid: list[Any] = field(init=False)

    def __post_init__(self) -> None:
        self.barrier, self.laid = threading.Barrier(self.count), [None] * self.count

    def exchanged(self, rank: int, value: Any) -> list[Any]:
        self.laid[rank] = value
        self.barrier.wait(30)
        found = list(self.laid)
        self.barrier.wait(30)
        return found


@dataclass
class Seat:
    """Plays `Processes` for one thread."""

    rank: int
    table: Table

    @property
    def count(self) -> int:
        return self.table.count

    def gathered(self, work: Callable[[], Result]) -> list[Result]:
        try:
            with self.table.turn:  # one at a time: what is swapped in a module for a forward is swapped for all threads
                outcome: tuple[Any, BaseException | None] = (work(), None)
        except Exception as error:
            outcome = (None, error)
        outcomes = self.table.exchanged(self.rank, outcome)
        for _, error in outcomes:
            if error is not None:
                raise error
        return [result for result, _ in outcomes]

    def together(self, work: Callable[[], Result]) -> list[Result]:
        return self.gathered(work)

    def first(self, work: Callable[[], Result]) -> Result:
        return self.gathered(lambda: work() if self.rank == 0 else None)[0]  # type: ignore[return-value]

    def named_failure(self, work: Callable[[], Result]) -> Result:
        return work()

    def before_each(self, check: Callable[[], None]) -> None:
        pass

    def any(self, flag: bool) -> bool:
        return any(self.gathered(lambda: flag))

    def add_gradients(self, weights: Sequence[Tensor]) -> None:
        gradients = self.gathered(lambda: [None if one.grad is None else one.grad.clone() for one in weights])
        for weight, several in zip(weights, zip(*gradients, strict=True), strict=True):
            there = [one for one in several if one is not None]
            weight.grad = sum(there[1:], there[0]) if there else None


def in_threads(count: int, function: Callable[[Any], Result]) -> list[Result]:
    """What `function` returns in each of `count` threads, which it is given a `Processes` for."""
    table = Table(count)
    with ThreadPoolExecutor(count) as pool:
        return list(pool.map(function, [Seat(rank, table) for rank in range(count)]))
