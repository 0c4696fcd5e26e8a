"""Shares of work among workers that may end at any time: each share is answered once, by whichever worker is left."""

import logging
import time
from collections import Counter, deque
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from whet.errors import ProcessLost
from whet.text import first_line

PATIENCE = 60.0
"""Seconds after which a run ends for which no worker is left."""

PAUSE = 0.5
"""Seconds that one look at the workers waits for an answer."""

LOSSES = 5
"""Workers that may end over one share: then it is the share that ends them."""

Call = tuple[Any, ...]
"""A method's name and its arguments."""


class WorkerLostError(Exception):
    """A worker ended before it answered."""


class Workers(Protocol):
    """Workers elsewhere; answers are awaited by handles, which can be keys of a dictionary."""

    workers: Sequence[Any]

    def ask(self, worker: Any, method: str, *arguments: Any) -> Any:
        """Calls a method of a worker, and returns a handle of the answer. Raises `WorkerLostError`."""
        ...

    def answered(self, handles: Sequence[Any], seconds: float) -> list[Any]:
        """Returns handles that have an answer, or an error, after waiting for one so long at most."""
        ...

    def answer(self, handle: Any) -> Any:
        """Returns an answer. Raises what the worker raised, and `WorkerLostError` where it ended."""
        ...

    def end(self, worker: Any) -> None:
        """Ends the process of a worker, which is begun anew."""
        ...

    def refuse_lost_head(self) -> None:
        """Raises `ProcessLost` where the cluster is no more; asked often."""
        ...


@dataclass(frozen=True, slots=True)
class Asked:
    """What a worker was asked."""

    worker: Any
    place: int | None
    """The share's; None for a worker that was lost and is asked whether it is back."""
    since: float


class Drawing:
    """The answers to calls, one for each share, from workers of which some may be lost on the way."""

    def __init__(self, cluster: Workers, shares: Sequence[Call], late: float, patience: float = PATIENCE) -> None:
        """A worker that takes longer than `late` seconds for a share is ended and begun anew."""
        self.cluster, self.shares, self._late, self._patience = cluster, shares, late, patience
        self.lost = 0
        """Workers that ended over a share."""
        self._waiting, self._idle = deque(range(len(shares))), deque(cluster.workers)
        self._gone: deque[Any] = deque()
        self._asked: dict[Any, Asked] = {}
        self._found: dict[int, Any] = {}
        self._losses: Counter[int] = Counter()
        self._why, self._alive = "", time.monotonic()

    def answers(self) -> list[Any]:
        """Returns an answer for each share, in order. Raises what a worker raised, and `ProcessLost`."""
        while len(self._found) < len(self.shares):
            self.cluster.refuse_lost_head()
            self._hand_out()
            ready = self.cluster.answered(list(self._asked), PAUSE) if self._asked else []
            if not any([self._take(self._asked.pop(handle), handle) for handle in ready]):
                self._look_round(slept=bool(self._asked) and not ready)
        return [self._found[place] for place in range(len(self.shares))]

    def _hand_out(self) -> None:
        """Asks those that are gone whether they are back, and gives each idle worker a share."""
        while self._gone:
            self._ask(self._gone.popleft(), None, ("release_of_whet",))
        while self._idle and self._waiting:
            place = self._waiting.popleft()
            self._ask(self._idle.popleft(), place, self.shares[place])

    def _ask(self, worker: Any, place: int | None, call: Call) -> None:
        asked = Asked(worker, place, time.monotonic())
        try:
            self._asked[self.cluster.ask(worker, *call)] = asked
        except WorkerLostError as error:
            self._lose(asked, error)

    def _take(self, asked: Asked, handle: Any) -> bool:
        """Takes an answer; whether it was one."""
        try:
            found = self.cluster.answer(handle)
        except WorkerLostError as error:
            self._lose(asked, error)
            return False
        if asked.place is not None:
            self._found[asked.place] = found
        self._idle.append(asked.worker)
        self._alive = time.monotonic()
        return True

    def _lose(self, asked: Asked, error: WorkerLostError) -> None:
        """Puts the share of a lost worker back. Raises `ProcessLost` where one share has ended too many."""
        self._gone.append(asked.worker)
        if asked.place is None:
            return
        self.lost += 1
        self._why, self._alive = first_line(error), time.monotonic()
        self._waiting.appendleft(asked.place)
        self._losses[asked.place] += 1
        if self._losses[asked.place] == LOSSES:
            raise ProcessLost(
                f"{LOSSES} Ray workers in a row ended over the same responses ({self._why}): see their logs, in "
                "/tmp/ray/session_latest/logs of their machine, then resume the run"
            )
        logging.getLogger("whet").warning(
            "a Ray worker ended (%s): its responses are drawn again, the same ones, and it is begun anew", self._why
        )

    def _look_round(self, slept: bool) -> None:
        """What is to be seen to while nobody answers: workers that are late, and none that is left."""
        now = time.monotonic()
        for worker in _late(self._asked.values(), now - self._late):
            logging.getLogger("whet").warning("a Ray worker has sampled for more than %.0f s: it is ended", self._late)
            self.cluster.end(worker)
        at_work = any(asked.place is not None for asked in self._asked.values())
        if at_work:
            self._alive = now
        elif now - self._alive > self._patience:
            raise ProcessLost(f"no Ray worker has been left for {self._patience:.0f} s ({self._why}): resume the run")
        if not slept:
            time.sleep(PAUSE)


def _late(asked: Iterable[Asked], before: float) -> list[Any]:
    """The workers that were given a share before that time, and have not answered."""
    return [one.worker for one in asked if one.place is not None and one.since < before]
