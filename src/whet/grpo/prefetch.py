"""One step ahead: while the learner works on a step, the rollouts of the next one are sampled elsewhere.

They are sampled by the policy as it was before the update, so they are one update old when they are learned from, as in
one-step off-policy training (arXiv:2410.18252); the importance correction takes account of that. The pace is fixed: at
most one step is ahead, none is thrown away, and what a step learns from does not depend on how fast anything was.
"""

import threading
from collections.abc import Callable, Mapping
from concurrent.futures import Future
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, replace
from typing import Any

from whet.grpo.experience import STALENESS, OnPolicy
from whet.grpo.saved_rollout import restored_rollout, saved_rollout
from whet.protocols import Policy, Sampler
from whet.types import Collected, Outputs, Prompt


@dataclass(frozen=True, slots=True)
class Begun:
    """A step whose rollouts are being sampled."""

    step: int
    outputs: "Future[Outputs]"
    prompts: list[Prompt] | None
    """None where the rollouts come from a checkpoint: the prompts follow from the step."""


class Prefetch:
    """Plays `Experience`, in place of `Loaded`; the engine must sample beside this process.

    Only sampling goes ahead: problems are drawn, and rollouts graded, in the caller's thread and in the order of steps.
    """

    def __init__(
        self,
        on_policy: OnPolicy,
        sampler: Sampler,
        policy: Policy,
        until: int,
        waiting: Callable[[], AbstractContextManager[None]] = nullcontext,
    ) -> None:
        """No step from `until` on is begun. `waiting` is around the time that is spent on waiting for rollouts."""
        self.on_policy, self.sampler, self.policy, self.until = on_policy, sampler, policy, until
        self.waiting = waiting
        self._begun: Begun | None = None

    def collect(self, step: int) -> Collected:
        """Returns the groups of `step`, sampled a step ago but for the first one, and begins the next step's."""
        stale = self._begun is not None and self._begun.step == step
        begun = self._begun if self._begun and stale else self._begin(step)
        outputs = self._awaited(begun)
        self._begun = None
        prompts = begun.prompts or self._drawn(step)
        collected = Collected.of(self.on_policy.graded(outputs, prompts, step))
        if step + 1 < self.until:
            self._begun = self._begin(step + 1)
        return replace(collected, metrics={**collected.metrics, STALENESS: float(stale)})

    def settle(self) -> None:
        """Waits until nothing is being sampled, so that others may load the engine. Raises what sampling raised."""
        if self._begun:
            self._awaited(self._begun)

    def state_dict(self) -> dict[str, Any]:
        """The rollouts that were sampled ahead, for a checkpoint; waits for them. A policy that has gone drew them."""
        if not self._begun:
            return {}
        rollouts = [[saved_rollout(one) for one in some] for some in self._awaited(self._begun)]
        return {"step": self._begun.step, "rollouts": rollouts}

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Restores the rollouts that `state_dict` returned."""
        self._begun = None
        if state:
            outputs: Future[Outputs] = Future()
            outputs.set_result([[restored_rollout(one) for one in some] for some in state["rollouts"]])
            self._begun = Begun(state["step"], outputs, None)

    def _awaited(self, begun: Begun) -> Outputs:
        try:
            with self.waiting():
                return begun.outputs.result()
        finally:
            self.sampler.release()

    def _drawn(self, step: int) -> list[Prompt]:
        return self.on_policy.problems.draw(self.on_policy.config.prompts_per_step, step)  # q ~ P(Q)

    def _begin(self, step: int) -> Begun:
        """π_old ← π_θ now, before the learner moves on; sampling in a thread beside it."""
        prompts, outputs = self._drawn(step), Future[Outputs]()
        self.sampler.load(self.policy)

        def sample() -> None:
            try:
                outputs.set_result(self.on_policy.sample(prompts, self.on_policy.config.group_size, step))
            except BaseException as error:  # an interrupt is raised where the rollouts are waited for
                outputs.set_exception(error)

        threading.Thread(target=sample, name=f"whet sampling step {step}", daemon=True).start()
        return Begun(step, outputs, prompts)
