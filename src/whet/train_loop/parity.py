"""Checks that sampler and learner agree on log π, at the start and at every step.

The sampler computes log π_old with a fused copy of the weights, the learner log π_θ through the model's own layers.
Before any update they are equal up to rounding. Where they are not, the gradient is that of another policy.
"""

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from whet.batch import Batch, collate
from whet.errors import UserError
from whet.grpo.experience import loaded
from whet.protocols import SampleFn, Sampler
from whet.text import Log
from whet.types import Group, Prompt, Reward

if TYPE_CHECKING:
    from whet.policy.language_model import LanguageModel

PROMPTS, SAMPLES = 4, 2
"""Prompts, and completions of each, that are sampled for the check at the start."""

GATES: Mapping[str, float] = {"float64": 0.01, "float32": 0.01, "float16": 0.05, "bfloat16": 0.1}
"""By dtype: the mean |Δ log p| per token, in nats, that rounding can explain. In bfloat16 two exact implementations
differ by 0.002 to 0.02 on average; a wrong mask or a forgotten adapter by 0.3 and more."""


@dataclass(frozen=True, slots=True)
class Agreement:
    """|log π_θ − log π_old| over sampled tokens, in nats."""

    mean: float
    largest: float
    gate: float

    @property
    def holds(self) -> bool:
        """Whether rounding explains the mean; False for NaN."""
        return self.mean <= self.gate

    def __str__(self) -> str:
        return f"{self.mean:.2g} nats a token, at most {self.largest:.2g}"


def agreement(
    policy: "LanguageModel", sampler: Sampler, sample: SampleFn, prompts: Sequence[Prompt]
) -> tuple[Agreement, Batch]:
    """Compares log π of sampler and learner on a few completions, and returns these; `sample` draws from `sampler`."""
    from torch import no_grad

    with loaded(sampler, policy):
        outputs = sample(prompts, SAMPLES, 0)
    nothing = tuple(Reward(0.0) for _ in range(SAMPLES))
    groups = [Group(prompt, tuple(some), nothing) for prompt, some in zip(prompts, outputs, strict=True)]
    batch = collate(groups, [[0.0] * SAMPLES] * len(groups))
    with no_grad():
        difference_M = (policy.logprobs(batch).cpu() - batch.old_logprobs_BT).abs()[batch.loss_mask_BT]
    return Agreement(float(difference_M.mean()), float(difference_M.max()), gate(policy)), batch


def agreeing_policy(
    policy: "LanguageModel",
    sampler: Sampler,
    sample: SampleFn,
    prompts: Sequence[Prompt],
    log: Log,
    any_of: Callable[[bool], bool] = bool,
) -> "LanguageModel":
    """Returns the policy with the fastest forward pass on which sampler and learner agree; logs which, and how well.

    Where the fast paths disagree that is the model's own forward. Raises `UserError` where even that disagrees.
    `any_of` tells whether something holds in any process that shares the run.
    """
    found, _ = agreement(policy, sampler, sample, prompts)
    if policy.fused and not policy.is_sharded and any_of(not found.holds):
        log(f"the fast paths disagree by {found}: going on through the model's own forward, which is slower")
        policy = policy.without_fast_paths()
        found, _ = agreement(policy, sampler, sample, prompts)
    if not found.holds:
        raise UserError(disagreement(found, policy))
    log(f"engine: {engines(policy, sampler)}; sampler and learner agree to {found}")
    return policy


def engines(policy: "LanguageModel", sampler: Sampler) -> str:
    """Returns in a few words what samples from the policy and what learns."""
    from whet.rollout.native import OWN_FORWARD

    how = sampler.describe(policy)
    if policy.fused:
        return f"{how}, prompts shared by their responses"
    return how if how == OWN_FORWARD else f"{how}; the learner goes through {OWN_FORWARD}"


def gate(policy: "LanguageModel") -> float:
    """Returns the mean difference in nats that the policy's dtype explains."""
    return GATES[_dtype(policy)]


def disagreement(found: Agreement, policy: "LanguageModel") -> str:
    """Returns the error message for a parity failure, with a fix."""
    if math.isnan(found.mean):
        return (
            f"model.name: its log-probabilities are no numbers (NaN): a weight is NaN or infinite, or {_dtype(policy)} "
            "overflows; name a model whose weights are whole, or try model.dtype float32"
        )
    return (
        f"sampler and learner disagree by {found}, where {_dtype(policy)} explains {found.gate:g}: the gradient would "
        "be that of another policy. Try model.dtype float32, or rollout.engine native where it is another; "
        "if that is no cure, it is a fault of Whet's: please report it"
    )


def _dtype(policy: "LanguageModel") -> str:
    return str(policy.model.dtype).removeprefix("torch.")
