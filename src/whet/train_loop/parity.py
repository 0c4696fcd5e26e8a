"""Do the sampler and the learner speak of the same policy? Measured at the start and at every step, and gated.

The sampler computes log π_old with a fused copy of the weights, the learner log π_θ through the model's own layers.
Before any update they are the same numbers, up to rounding. Where they are not, the gradient is that of another policy.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import isfinite
from typing import TYPE_CHECKING

from whet.batch import collate
from whet.build.roles import build_sampler
from whet.build.task import Task
from whet.config import Config
from whet.errors import UserError
from whet.protocols import Run
from whet.runs.views.view import View
from whet.train_loop.step_checks import Guarded
from whet.types import Group, Prompt, Reward

if TYPE_CHECKING:
    from whet.policy.language_model import LanguageModel

PROMPTS, SAMPLES = 4, 2
"""What is sampled at the start: so many responses to so many prompts."""

MEAN, MAX = "sampler/logprob_difference_mean", "sampler/logprob_difference_max"

GATES: Mapping[str, float] = {"float64": 0.01, "float32": 0.01, "float16": 0.05, "bfloat16": 0.1}
"""By the type of the layers: mean |Δ log p| of a token in nats, beyond which it is no rounding. In bfloat16 two exact
implementations differ by 0.002 to 0.02 on average; a wrong mask or a forgotten adapter by 0.3 and more."""


@dataclass(frozen=True, slots=True)
class Agreement:
    """|log π_θ − log π_old| over sampled tokens, in nats."""

    mean: float
    largest: float
    gate: float

    @property
    def holds(self) -> bool:
        """Whether this is rounding. A figure that is no number holds nothing."""
        return self.mean <= self.gate

    def __str__(self) -> str:
        return f"{self.mean:.2g} nats a token, at most {self.largest:.2g}"


def agreement(policy: "LanguageModel", prompts: Sequence[Prompt], config: Config) -> Agreement:
    """Samples a few responses and asks the learner for the same tokens."""
    from torch import no_grad

    sampler = build_sampler(config, "parity")
    sampler.load(policy)
    outputs = sampler.sample(prompts, SAMPLES, 0)
    nothing = tuple(Reward(0.0) for _ in range(SAMPLES))
    groups = [Group(prompt, tuple(some), nothing) for prompt, some in zip(prompts, outputs, strict=True)]
    batch = collate(groups, [[0.0] * SAMPLES] * len(groups))
    with no_grad():
        difference_M = (policy.logprobs(batch) - batch.old_logprobs_BT).abs()[batch.mask_BT]
    return Agreement(float(difference_M.mean()), float(difference_M.max()), _gate(policy))


def settle_engine(policy: "LanguageModel", task: Task, config: Config, view: View) -> Agreement:
    """Says which engine samples and learns, having measured that both agree.

    Where the fast paths disagree the run goes on through the model's own forward. Raises `UserError` where even that
    does not agree with itself.
    """
    prompts = task.stream.draw(PROMPTS, 0)
    found = agreement(policy, prompts, config)
    if policy.fused and not found.holds:
        view.note(f"the fast paths disagree by {found}: going on through the model's own forward, which is slower")
        policy.fused = False
        found = agreement(policy, prompts, config)
    if not found.holds:
        raise UserError(_disagreement(found, policy))
    view.note(f"engine: {ENGINES[policy.fused]}; sampler and learner agree to {found}")
    return found


class Gated(Guarded):
    """The role `Run`, going on only while sampler and learner agree, by what a step measured."""

    def __init__(self, run: Run, policy: "LanguageModel") -> None:
        super().__init__(run)
        self.policy = policy

    def check(self, step: int, metrics: Mapping[str, float]) -> None:
        """Raises `UserError` after a step in which they did not."""
        found = Agreement(metrics[MEAN], metrics[MAX], _gate(self.policy))
        if isfinite(found.mean) and not found.holds:  # what is no number at all, `Finite` counts
            raise UserError(f"step {step}: {_disagreement(found, self.policy)}")


ENGINES: Mapping[bool, str] = {
    True: "fused decoder, prompts shared by their responses",
    False: "the model's own forward",
}
"""By `LanguageModel.fused`."""


def _gate(policy: "LanguageModel") -> float:
    return GATES[_dtype(policy)]


def _dtype(policy: "LanguageModel") -> str:
    return str(policy.model.dtype).removeprefix("torch.")


def _disagreement(found: Agreement, policy: "LanguageModel") -> str:
    return (
        f"sampler and learner disagree by {found}, where {_dtype(policy)} explains {found.gate:g}: the gradient would "
        "be that of another policy. Try model.dtype float32; "
        "if that is no cure, it is a fault of Whet's: please report it"
    )
