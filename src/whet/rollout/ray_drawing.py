"""Shares of work among workers that may end at any time: each share is answered once, by whichever worker is left."""

import logging
import time
from collections import Counter, deque
from collections.abc import Sequence
from dataclasses import dataclass, replace
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

    def __init__(self, why: str, for_good: bool = False) -> None:
        super().__init__(why)
        self.for_good = for_good
        """Whether none is begun in its place: the cluster that did that is gone, or it failed when it began."""


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

    def know(self, worker: Any, name: Any) -> None:
        """Takes what `about` of a worker has answered, which was begun anew."""
        ...

    def name(self, worker: Any) -> str:
        """Returns what messages call a worker."""
        ...

    def end(self, worker: Any) -> None:
        """Ends the process of a worker, so that it is lost."""
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

    def __init__(
        self,
        cluster: Workers,
        shares: Sequence[Call],
        late: float,
        gone: Sequence[Any] = (),
        patience: float = PATIENCE,
    ) -> None:
        """A worker that takes longer than `late` seconds for a share is ended. Those in `gone` were lost before."""
        self.cluster, self.shares, self._late, self._patience = cluster, shares, late, patience
        self.lost = 0
        """Workers that ended over a share."""
        self._waiting = deque(range(len(shares)))
        self._gone = list(gone)
        self._idle = deque(worker for worker in cluster.workers if worker not in self._gone)
        self._asked: dict[Any, Asked] = {}
        self._found: dict[int, Any] = {}
        self._losses: Counter[int] = Counter()
        self._proven: set[Any] = set()
        """Workers that have answered in this call: others may have been lost before it."""
        self._dead: list[Any] = []
        """Workers that do not come back."""
        self._why, self._alive = "lost before", time.monotonic()

    def answers(self) -> list[Any]:
        """Returns an answer for each share, in order. Raises what a worker raised, and `ProcessLost`."""
        while len(self._found) < len(self.shares):
            self.cluster.refuse_lost_head()
            self._hand_out()
            ready = self.cluster.answered(list(self._asked), PAUSE) if self._asked else []
            slept = bool(self._asked) and not ready
            answers = [self._take(self._asked.pop(handle), handle) for handle in ready]
            if not any(answers):
                self._look_round(slept)
        return [self._found[place] for place in range(len(self.shares))]

    @property
    def gone(self) -> list[Any]:
        """The workers that were lost and have not answered since."""
        asked = (asked.worker for asked in self._asked.values() if asked.place is None)
        return [*self._gone, *asked, *self._dead]

    def _hand_out(self) -> None:
        """Asks those that are gone whether they are back, and gives each idle worker a share."""
        gone, self._gone = self._gone, []
        for worker in gone:
            self._ask(worker, None, ("about",))
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
        if asked.place is None:
            self.cluster.know(asked.worker, found)
        else:
            self._found[asked.place] = found
        self._proven.add(asked.worker)
        self._idle.append(asked.worker)
        self._alive = time.monotonic()
        return True

    def _lose(self, asked: Asked, error: WorkerLostError) -> None:
        """Puts the share of a lost worker back. Raises `ProcessLost` where one share has ended too many."""
        is_dead = error.for_good and asked.place is None
        (self._dead if is_dead else self._gone).append(asked.worker)
        if asked.place is None:
            return
        self.lost += 1
        self._why, self._alive = f"{self.cluster.name(asked.worker)} ended: {first_line(error)}", time.monotonic()
        self._waiting.appendleft(asked.place)
        if asked.worker in self._proven:  # else the share has not ended it
            self._losses[asked.place] += 1
        self._proven.discard(asked.worker)
        if self._losses[asked.place] == LOSSES:
            raise ProcessLost(
                f"{LOSSES} Ray workers ended over the same responses ({self._why}): see their logs, in "
                "/tmp/ray/session_latest/logs of their machine, then resume the run"
            )
        what = "%s; its responses are drawn again, the same ones, and a worker is begun in its place"
        logging.getLogger("whet").warning(what, self._why)

    def _look_round(self, slept: bool) -> None:
        """What is to be seen to while nobody answers: workers that are late, and none that is left."""
        now = time.monotonic()
        for handle, asked in self._asked.items():
            if asked.place is not None and asked.since < now - self._late:
                self._asked[handle] = replace(asked, since=now)
                what = "%s has sampled for more than %.0f s (compute.timeout_minutes) and is ended"
                logging.getLogger("whet").warning(what, self.cluster.name(asked.worker), self._late)
                self.cluster.end(asked.worker)
        at_work = any(asked.place is not None for asked in self._asked.values())
        if at_work:
            self._alive = now
        elif not self._asked and not self._gone:
            raise ProcessLost(f"no Ray worker is left, nor comes back ({self._why}): resume the run")
        elif now - self._alive > self._patience:
            raise ProcessLost(f"no Ray worker has been left for {self._patience:.0f} s ({self._why}): resume the run")
        if not slept:
            time.sleep(PAUSE)
