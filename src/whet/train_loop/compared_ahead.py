"""Answers are compared while other rows are still sampled: computer algebra beside a GPU that decodes.

Rewards of a step are needed before its update, so grading cannot wait for the next step. But the first rows of a step
end long before the last, and whether two formulas are equal depends on them alone. What is found in time is
remembered (`whet.workers.math_compare.Algebra`), and grading asks for the rest. It is the same as without this but for
comparisons that run out of time: verdicts that were found ahead do not count against its budget.
"""

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from typing import TYPE_CHECKING, Any, Protocol, runtime_checkable

from whet.protocols import SampleFn, Sampler
from whet.types import Completion, Outputs, Prompt, Rollout

if TYPE_CHECKING:
    from whet.rollout.rollouts import Rollouts

IDLE_PROCESSORS = frozenset({"cuda"})
"""Devices that sample while the processors wait; where these sample themselves it would hold sampling up."""

THREADS = 4
"""Answers that are compared at a time, as many as there are workers at most."""

Ahead = Callable[[Prompt, Rollout], object]
"""Does some of the work of grading a rollout; `whet.rewards.mixture.Mixture.ahead`."""


@runtime_checkable
class TellsEnds(Protocol):
    """An engine that tells of each completion when it ends."""

    ended: Callable[[int, Completion], object] | None
    """Is told a key and its completion."""


class ComparedAhead:
    """Plays `SampleFn`: samples rollouts, and has `ahead` called for those that have ended in threads of its own."""

    def __init__(self, rollouts: "Rollouts", engine: TellsEnds, ahead: Ahead) -> None:
        self.rollouts, self.engine, self.ahead = rollouts, engine, ahead

    def __call__(self, prompts: Sequence[Prompt], n: int, step: int) -> Outputs:
        """Returns what the rollouts alone would; what has not begun by then is left to grading."""
        requests = self.rollouts.requests(prompts, n, step)
        prompt_of = {key: prompt for prompt, one in zip(prompts, requests, strict=True) for key in one.keys}
        with ThreadPoolExecutor(THREADS, "whet ahead") as pool:
            self.engine.ended = lambda key, completion: pool.submit(self._compare, prompt_of[key], completion)
            try:
                return self.rollouts(prompts, n, step)
            finally:
                self.engine.ended = None
                pool.shutdown(wait=False, cancel_futures=True)

    def _compare(self, prompt: Prompt, completion: Completion) -> None:
        with suppress(Exception):  # grading meets it again, and tells of it
            self.ahead(prompt, self.rollouts.rollout(prompt, completion))


def compared_ahead(rollouts: Any, sampler: Sampler, ahead: Ahead, device: str) -> SampleFn:
    """Returns the rollouts with their answers compared ahead, where the device leaves the processors idle."""
    engine = getattr(sampler, "sampler", sampler)  # of several processes each has its own
    if device not in IDLE_PROCESSORS or not isinstance(engine, TellsEnds):
        sample: SampleFn = rollouts
        return sample
    return ComparedAhead(rollouts, engine, ahead)
