"""The roles of Algorithm 1 from a recipe: sampler, optimizer, reference, and who asks and grades."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from whet.build.answer_checker import build_answer_checker
from whet.build.task import longest_response
from whet.config import Config, OptimizerConfig
from whet.formats import build_format
from whet.protocols import Grader, KeptReference, Optimizer, Problems, Reference, Remembering, Sampler

if TYPE_CHECKING:
    from whet.policy.language_model import LanguageModel


def build_sampler(config: Config, purpose: str, temperature: float | None = None) -> Sampler:
    """The sampler of training, unless another temperature is named: 0 answers greedily.

    `purpose` keeps random numbers apart. The purposes of `AS_TRAINED` keep the training's limit on a response.
    """
    from whet.rollout.native import NativeSampler
    from whet.rollout.sampling import SamplingParams

    how = config.grpo.sampling
    longest = longest_response(config, purpose)
    as_trained = SamplingParams(how.temperature, how.top_p)
    return NativeSampler(
        as_trained if temperature is None else SamplingParams(temperature), longest, config.seed, purpose
    )


def build_optimizer(policy: "LanguageModel", config: OptimizerConfig, steps: int) -> Optimizer:
    """AdamW over the weights that learn."""
    from whet.compute.optimizer import MasterAdamW

    return MasterAdamW(policy.trainable(), config, steps)


def build_reference(policy: "LanguageModel", config: Config, warmed: bool = False) -> KeptReference:
    """The policy as it is now: nothing at β = 0; without its adapters where no warm start trained them; else a copy."""
    from whet.policy.reference import AdaptersOff, FollowingReference, FrozenReference, NoReference

    objective = config.grpo.objective
    if not objective.beta:
        return NoReference()
    if objective.reference_every:
        tokens, every, mix = config.grpo.micro_batch_tokens, objective.reference_every, objective.reference_mix
        return FollowingReference(policy, tokens, every, mix)
    kind = AdaptersOff if config.model.lora and not warmed else FrozenReference
    return kind(policy, config.grpo.micro_batch_tokens)


@dataclass(frozen=True)
class Asking:
    """Who asks and who grades, where these have to listen to each other."""

    problems: Problems
    grader: Grader
    told: Callable[[], Mapping[str, float]]
    """What asking cost in the last step."""
    memories: Mapping[str, Remembering]
    """What it remembers of earlier steps, by name."""


def build_asking(config: Config, stream: Problems, sampler: Sampler, grader: Grader, full_marks: float) -> Asking:
    """Problems by their pass rates, replay and dynamic sampling, each where the recipe wants it."""
    from whet.data.curriculum import ByPassRate, Observed
    from whet.grpo.dynamic_sampling import DynamicSampling
    from whet.grpo.replay import Replay

    curriculum, draws = config.grpo.curriculum, config.grpo.draws
    memories: dict[str, Remembering] = {}
    told: list[Callable[[], Mapping[str, float]]] = []
    if curriculum and curriculum.by == "pass_rate":
        stream = memories["pass_rates"] = ByPassRate(stream, curriculum.candidates, full_marks)
        grader = Observed(grader, stream)
    if config.grpo.replay:
        check_answer = build_answer_checker(build_format(config.format))
        replay = memories["replay"] = Replay(stream, grader, check_answer, config.grpo.replay)
        stream, grader = replay, replay
        told.append(lambda: replay.metrics)
    if draws > 1:
        dynamic = DynamicSampling(stream, sampler, grader, draws)
        stream, grader = dynamic, dynamic
        told.append(lambda: dynamic.metrics)
    return Asking(stream, grader, lambda: {name: value for tell in told for name, value in tell().items()}, memories)


def place_kl(config: Config, grader: Grader, reference: Reference) -> tuple[Grader, Reference]:
    """Who grades and what the loss is held to: with the KL in the reward, the grader has the reference."""
    if config.grpo.objective.kl_in == "loss" or not config.grpo.objective.beta:
        return grader, reference
    from whet.grpo.kl_penalty import InTheReward, KlPenalty

    return KlPenalty(grader, reference, config.grpo.objective), InTheReward(reference)
