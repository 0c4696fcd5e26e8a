"""`Prefetch`: while the learner works on a step, the next one is sampled, by the policy as it was before the update."""

from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import replace

from whet.grpo.experience import STALENESS, OnPolicy
from whet.types import Collected


class Prefetch:
    """Plays `Experience`. The engine must hold a copy of the weights: the learner changes its own meanwhile."""

    def __init__(self, inner: OnPolicy, until: int) -> None:
        self.inner, self.until = inner, until
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
        """π_old ← π_θ now, before the learner moves on; sampling and grading beside it."""
        self.inner.sampler.load(self.inner.policy)
        self.ahead[step] = self.thread.submit(self._sampled, step)

    def _sampled(self, step: int) -> Collected:
        try:
            prompts = self.inner.problems.draw(self.inner.config.prompts_per_step, step)
            return Collected.of(self.inner.ask(prompts, step))
        finally:
            self.inner.sampler.release()
