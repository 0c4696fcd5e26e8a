"""Samples with the workers of a Ray cluster: shares of the requests, one object of weights, and lost shares drawn anew.

A completion follows from its context and key, so it does not matter which worker draws it, nor how often one is lost:
what is drawn again is the same. A share is kept by its place, so none is missing and none comes twice.
"""

import logging
import time
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from typing import Any, Protocol

from whet.errors import ProcessLost
from whet.rollout.ray_worker import PolicyState
from whet.text import first_line
from whet.types import Completion, Request, SamplingParams, Token

SHARES = 2
"""Shares for each worker: a slow one then takes fewer of them."""

PATIENCE = 60.0
"""Seconds after which a run ends for which no worker is left."""

PAUSE = 0.5
"""Seconds between two looks at a worker that is gone."""


class WorkerLostError(Exception):
    """A worker ended before it answered."""


class Cluster(Protocol):
    """What is asked of a cluster; answers are awaited by handles."""

    workers: Sequence[Any]

    def put(self, state: PolicyState) -> Any:
        """Stores an object once for all workers, and returns a handle of it."""
        ...

    def ask(self, worker: Any, method: str, *arguments: Any) -> Any:
        """Calls a method of a worker, and returns a handle of the answer."""
        ...

    def answered(self, handles: Sequence[Any], seconds: float) -> list[Any]:
        """Returns the handles that have an answer, after waiting for one so long at most."""
        ...

    def answer(self, handle: Any) -> Any:
        """Returns an answer. Raises what the worker raised, and `WorkerLostError` where it ended."""
        ...


class RaySampler:
    """Plays `Sampler` with workers elsewhere."""

    def __init__(self, join: Callable[[], Cluster], patience: float = PATIENCE) -> None:
        """`join` makes the workers; it is called once, at the first `load`."""
        self._join, self._patience = join, patience
        self._cluster: Cluster | None = None
        self._state: Any = None
        self._version = 0
        self.lost = 0
        """Workers that ended while they sampled, so far."""

    def describe(self, policy: Any) -> str:
        """Returns how many workers sample."""
        return f"{len(self._joined().workers)} Ray workers"

    def load(self, policy: Any) -> None:
        """π_old ← π_θ: stores one object of all weights, which each worker fetches with its next share."""
        self._version += 1
        self._state = self._joined().put(PolicyState.of(policy))

    def release(self) -> None:
        """Drops the stored object; the workers keep their copies."""
        self._state = None

    def generate(self, requests: Sequence[Request], params: SamplingParams) -> list[list[Completion]]:
        """Returns for each request one completion per key, in order. Raises `ProcessLost` where no worker is left."""
        if self._state is None:
            raise RuntimeError("a sampler samples between load and release only")
        size = max(-(-len(requests) // (SHARES * len(self._joined().workers))), 1)
        shares = [requests[start : start + size] for start in range(0, len(requests), size)]
        found = self._drawn(shares, params)
        return [completions for place in range(len(shares)) for completions in found[place]]

    def stream(self, request: Request, params: SamplingParams) -> Iterator[Token]:
        """Yields the one completion of a request with one key, once it is whole."""
        (((one),),) = self.generate([request], params)
        for place, (token, logprob) in enumerate(zip(one.tokens, one.logprobs, strict=True), 1):
            yield Token(token, logprob, one.finish if place == len(one.tokens) else None)

    def _joined(self) -> Cluster:
        if self._cluster is None:
            self._cluster = self._join()
        return self._cluster

    def _drawn(self, shares: Sequence[Sequence[Request]], params: SamplingParams) -> dict[int, list[list[Completion]]]:
        """The completions of each share, by its place."""
        cluster = self._joined()
        waiting, idle = deque(range(len(shares))), deque(cluster.workers)
        busy: dict[Any, tuple[Any, int]] = {}
        gone = Gone(cluster, self._patience)
        found: dict[int, list[list[Completion]]] = {}
        while len(found) < len(shares):
            while idle and waiting:
                worker, place = idle.popleft(), waiting.popleft()
                handle = cluster.ask(worker, "sample", self._version, self._state, shares[place], params)
                busy[handle] = worker, place
            for handle in cluster.answered(list(busy), PAUSE):
                worker, place = busy.pop(handle)
                try:
                    found[place] = cluster.answer(handle)
                    idle.append(worker)
                except WorkerLostError as error:
                    self.lost += 1
                    waiting.appendleft(place)
                    gone.add(worker, error)
            idle.extend(gone.back())
            if not busy and not idle:
                gone.refuse_to_wait_longer()
        return found


class Gone:
    """Workers that ended, until they answer again: Ray starts them anew, on another machine where theirs is lost."""

    def __init__(self, cluster: Cluster, patience: float) -> None:
        self._cluster, self._patience = cluster, patience
        self._asked: dict[Any, Any] = {}
        self._why = ""
        self._since = time.monotonic()

    def add(self, worker: Any, error: WorkerLostError) -> None:
        """Takes a worker that was lost, and says so."""
        self._why, self._since = first_line(error), time.monotonic()
        what = "a Ray worker ended (%s): its responses are drawn again, the same ones, and it is started anew"
        logging.getLogger("whet").warning(what, self._why)
        self._ask(worker)

    def back(self) -> list[Any]:
        """Returns those that answer again."""
        found = []
        for handle in self._cluster.answered(list(self._asked), 0.0) if self._asked else ():
            worker = self._asked.pop(handle)
            try:
                self._cluster.answer(handle)
                found.append(worker)
            except WorkerLostError:
                time.sleep(PAUSE)
                self._ask(worker)
        return found

    def refuse_to_wait_longer(self) -> None:
        """Waits a moment. Raises `ProcessLost` once all workers have been gone for too long."""
        if time.monotonic() - self._since > self._patience:
            raise ProcessLost(f"no Ray worker has been left for {self._patience:.0f} s ({self._why}): resume the run")
        time.sleep(PAUSE)

    def _ask(self, worker: Any) -> None:
        self._asked[self._cluster.ask(worker, "ready")] = worker
