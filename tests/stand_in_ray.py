"""Stands in for a Ray cluster: workers in this process, which end when they are told to, and come back when asked."""

from collections import Counter
from collections.abc import Sequence
from typing import Any

from whet.errors import ProcessLost
from whet.rollout.policy_state import PolicyState
from whet.rollout.ray_drawing import WorkerLostError
from whet.rollout.ray_worker import SamplingWorker


class StandInCluster:
    """Plays `Cluster`: the n-th sampling ends its worker where `ends` holds n (from 1); it is back after so many calls.

    The youngest call is answered first, so that answers come in another order than questions.
    """

    def __init__(self, count: int, ends: Sequence[int] = (), back_after: int = 1) -> None:
        self.workers = [f"worker {number}" for number in range(count)]
        self.ends, self.back_after = set(ends), back_after
        self.alive: dict[str, Any] = {name: SamplingWorker(1, on_gpu=False) for name in self.workers}
        self.known: Counter[str] = Counter()
        self.missed: Counter[str] = Counter()
        self.calls: list[tuple[str, str, tuple[Any, ...]]] = []
        self.stored: list[PolicyState] = []
        self.samplings = self.closed = 0
        self.ended: list[str] = []
        self.has_head, self.gone_for_good, self.slow = True, False, False

    def put(self, state: PolicyState) -> int:
        self.refuse_lost_head()
        self.stored.append(state)
        return len(self.stored) - 1

    def ask(self, worker: str, method: str, *arguments: Any) -> int:
        self.calls.append((worker, method, arguments))
        return len(self.calls) - 1

    def answered(self, handles: Sequence[int], seconds: float) -> list[int]:
        return [] if self.slow and not self.ended else list(handles)[::-1]

    def answer(self, handle: int) -> Any:
        worker, method, arguments = self.calls[handle]
        if method == "about":
            return self._about(worker)
        if worker not in self.alive:
            raise WorkerLostError("it is gone")
        self.samplings += 1
        if self.samplings in self.ends or worker in self.ended:
            self.ended = []
            del self.alive[worker]
            raise WorkerLostError("killed by signal 9\nstack")
        version, state, requests, params = arguments
        return self.alive[worker].sample(version, self.stored[state], requests, params)

    def know(self, worker: str, name: Any) -> None:
        self.known[worker] += 1

    def name(self, worker: str) -> str:
        return f"Ray {worker}"

    def end(self, worker: str) -> None:
        self.ended.append(worker)
        self.slow = False

    def refuse_lost_head(self) -> None:
        if not self.has_head:
            raise ProcessLost("the head is gone")

    def close(self) -> None:
        self.closed += 1

    def _about(self, worker: str) -> str:
        self.missed[worker] += 1
        if self.gone_for_good or self.missed[worker] < self.back_after:
            raise WorkerLostError("not yet", self.gone_for_good)
        self.alive[worker] = SamplingWorker(1, on_gpu=False)  # begun anew, without weights
        return "a worker"
