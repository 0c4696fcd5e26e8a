"""`Prefetch`: while the learner works on a step, the next one is sampled, by the policy as it was before the update."""

from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import replace

from whet.grpo.experience import STALENESS
from whet.protocols import Experience, Policy, Sampler
from whet.types import Collected


class Prefetch:
    """Plays `Experience` around any other one, and takes the place of `Loaded`.

    The engine must hold a copy of the weights, for the learner changes its own meanwhile, and nobody else may load it
    between two steps: measurements on the way need an engine of their own, or have to wait.
    """

    def __init__(self, inner: Experience, sampler: Sampler, policy: Policy, until: int) -> None:
        self.inner, self.sampler, self.policy, self.until = inner, sampler, policy, until
        self.thread = ThreadPoolExecutor(max_workers=1)
        self.ahead: dict[int, Future[Collected]] = {}

    def collect(self, step: int) -> Collected:
        """What was begun a step ago, and the next one begun; the first step waits for itself."""
        stale = float(step in self.ahead)
        if not stale:
            self._begin(step)
        collected = self.ahead.pop(step).result()
        if step + 1 < self.until:
            self._begin(step + 1)
        return replace(collected, metrics={**collected.metrics, STALENESS: stale})

    def _begin(self, step: int) -> None:
        """π_old ← π_θ now, before the learner moves on; drawing, sampling and grading beside it."""
        self.sampler.load(self.policy)
        self.ahead[step] = self.thread.submit(self._collected, step)

    def _collected(self, step: int) -> Collected:
        try:
            return self.inner.collect(step)
        finally:
            self.sampler.release()
