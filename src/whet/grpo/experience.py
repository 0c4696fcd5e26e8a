"""Collects the experience of a step, three lines of Algorithm 1: draws problems, samples rollouts, grades them.

`OnPolicy` is those lines, and `Loaded` around it is π_old ← π_θ. `dynamic_sampling.py` asks `OnPolicy` on until groups
have a signal; `kl_reward.py` takes the KL off the rewards of any experience. What changes how rollouts are graded
(`replay.py`) is a `Grader` around a `Grader`.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace

from whet.config import GrpoConfig
from whet.protocols import Experience, Grader, Policy, Problems, SampleFn, Sampler
from whet.types import Collected, Graded, Outputs, Prompt

STALENESS = "sampler/staleness"
"""The metric: how many updates old the policy was that sampled an experience. Absent is 0."""


class OnPolicy:
    """Plays `Experience`: draw, sample, grade. Its engine must be loaded: see `Loaded`."""

    def __init__(self, problems: Problems, sample: SampleFn, grader: Grader, config: GrpoConfig) -> None:
        self.problems, self.sample, self.grader, self.config = problems, sample, grader, config

    def collect(self, step: int) -> Collected:
        """Returns `prompts_per_step` groups of `group_size` rollouts."""
        prompts = self.problems.draw(self.config.prompts_per_step, step)  # q ~ P(Q), a function of (seed, step)
        return Collected.of(self.ask(prompts, step))

    def ask(self, prompts: Sequence[Prompt], step: int) -> Graded:
        """A group for each prompt."""
        return self.graded(self.sample(prompts, self.config.group_size, step), prompts, step)  # {o_i} ~ π_old(·|q)

    def graded(self, outputs: Outputs, prompts: Sequence[Prompt], step: int) -> Graded:
        """The groups of these rollouts, with the tokens that were sampled for them."""
        graded = self.grader.grade(prompts, outputs, step)  # {r_i}
        return replace(graded, tokens=sum(len(rollout.tokens) for rollouts in outputs for rollout in rollouts))


class Loaded:
    """Plays `Experience`: the engine holds the policy of this step while another experience collects it."""

    def __init__(self, inner: Experience, sampler: Sampler, policy: Policy) -> None:
        self.inner, self.sampler, self.policy = inner, sampler, policy

    def collect(self, step: int) -> Collected:
        """What `inner` collects."""
        with loaded(self.sampler, self.policy):  # π_old ← π_θ
            return self.inner.collect(step)


@contextmanager
def loaded(sampler: Sampler, policy: Policy) -> Iterator[None]:
    """Inside, the sampler holds the policy's weights; after it, whatever happens, its memory is free again."""
    try:
        sampler.load(policy)
        yield
    finally:
        sampler.release()
