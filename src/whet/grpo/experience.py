"""Collects the experience of a step, three lines of Algorithm 1: draws problems, samples rollouts, grades them.

Variants wrap `OnPolicy`: `dynamic_sampling.py` samples until groups have a signal, `kl_reward.py` subtracts the KL from
the rewards. `replay.py` wraps a `Grader`.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from whet.config import GrpoConfig
from whet.protocols import Grader, Policy, Problems, SampleFn, Sampler
from whet.types import Collected, Graded, Prompt

STALENESS = "sampler/staleness"
"""The metric: how many updates old the policy was that sampled an experience. Absent is 0."""


class OnPolicy:
    """Plays `Experience`: samples the step's problems with the current policy."""

    def __init__(
        self,
        policy: Policy,
        sampler: Sampler,
        problems: Problems,
        sample: SampleFn,
        grader: Grader,
        config: GrpoConfig,
    ) -> None:
        """`sample` draws rollouts from `sampler`, which is loaded with the weights of `policy` at every step."""
        self.policy, self.sampler = policy, sampler
        self.problems, self.sample, self.grader, self.config = problems, sample, grader, config

    def collect(self, step: int) -> Collected:
        """Returns `prompts_per_step` groups of `group_size` rollouts."""
        prompts = self.problems.draw(self.config.prompts_per_step, step)  # q ~ P(Q), a function of (seed, step)
        with loaded(self.sampler, self.policy):  # π_old ← π_θ
            return Collected.of(self.ask(prompts, step))

    def ask(self, prompts: Sequence[Prompt], step: int) -> Graded:
        """Samples and grades a group for each prompt; the engine must be loaded."""
        outputs = self.sample(prompts, self.config.group_size, step)  # {o_i} ~ π_old(·|q), i = 1…G
        return self.grader.grade(prompts, outputs, step)  # {r_i}


@contextmanager
def loaded(sampler: Sampler, policy: Policy) -> Iterator[None]:
    """Loads the policy's weights into the sampler for the block, and releases them after it, also on errors."""
    sampler.load(policy)
    try:
        yield
    finally:
        sampler.release()
