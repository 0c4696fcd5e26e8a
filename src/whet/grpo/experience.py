"""The experience of a step: three lines of Algorithm 1, from questions to graded groups.

Variants are wrapped around `OnPolicy`: `dynamic_sampling.py` asks on until groups have a signal, `kl_reward.py` takes
the KL off the rewards. What changes how rollouts are graded (`replay.py`) is a `Grader` around a `Grader`.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from whet.config import GrpoConfig
from whet.protocols import Grader, Policy, Problems, SampleFn, Sampler
from whet.types import Collected, Graded, Prompt

STALENESS = "sampler/staleness"
"""The metric of an experience that was sampled by an earlier policy: by how many updates. Absent is 0."""


class OnPolicy:
    """Plays `Experience`: the policy as it is answers the problems of the step."""

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
        """`prompts_per_step` groups of `group_size` rollouts."""
        prompts = self.problems.draw(self.config.prompts_per_step, step)  # q ~ P(Q), a function of (seed, step)
        with loaded(self.sampler, self.policy):  # π_old ← π_θ
            return Collected.of(self.ask(prompts, step))

    def ask(self, prompts: Sequence[Prompt], step: int) -> Graded:
        """A group for each prompt, from the engine as it is loaded."""
        outputs = self.sample(prompts, self.config.group_size, step)  # {o_i} ~ π_old(·|q), i = 1…G
        return self.grader.grade(prompts, outputs, step)  # {r_i}


@contextmanager
def loaded(sampler: Sampler, policy: Policy) -> Iterator[None]:
    """Inside, the sampler holds the policy's weights; after it, whatever happens, its memory is free again."""
    sampler.load(policy)
    try:
        yield
    finally:
        sampler.release()
