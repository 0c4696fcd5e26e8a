"""The training loop: Algorithm 1 of the GRPO paper (arXiv:2402.03300) as one short function.

Start reading here: each line is a line of the paper. `experience.py` has the first one: draw, sample, grade. Devices
are behind the roles of `whet.protocols`.
"""

from collections.abc import Callable

from whet.batch import collate
from whet.config import GrpoConfig
from whet.grpo.advantage import advantages
from whet.grpo.update import update
from whet.protocols import Experience, Optimizer, Policy, Reference, Run


def train(
    policy: Policy,
    reference: Reference,
    experience: Experience,
    optimizer: Optimizer,
    run: Run,
    config: GrpoConfig,
    after_step: Callable[[int], None],
) -> None:
    """Trains the policy by Algorithm 1. `after_step` evaluates and saves when due."""
    for step in run.steps(until=config.steps):  # resumes where it stopped
        collected = experience.collect(step)  # q ~ P(Q); π_old ← π_θ; {o_i} ~ π_old(·|q), i = 1…G; {r_i}
        estimates = advantages(collected.groups, config.objective)  # {Â_i}: relative to the group
        batch = collate(collected.groups, estimates)
        batch = batch.with_reference(reference.logprobs(batch))  # log π_ref; None at β = 0
        updated = update(policy, optimizer, batch, step, config)  # θ ← arg max J_GRPO, μ times
        reference.sync(step)  # π_ref ← π_θ, where the recipe says so
        run.record(step, collected, estimates, updated.metrics, updated.tokens.columns)
        after_step(step)
