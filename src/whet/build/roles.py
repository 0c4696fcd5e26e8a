"""Builds the roles of Algorithm 1 from a recipe: sampler, optimizer, reference, experience."""

from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from whet.build.answer_checker import build_is_right
from whet.build.shared import led, led_sampler, own_share, shared_optimizer, shared_reference, shared_sampler
from whet.build.task import longest_response, seconds_per_grading
from whet.config import Config, CurriculumConfig, OptimizerConfig
from whet.config.training import MICRO_BATCH_TOKENS
from whet.errors import UserError, did_you_mean
from whet.grpo.pass_rate import FullMarks
from whet.protocols import (
    Experience,
    Grader,
    Optimizer,
    Policy,
    Problems,
    Reference,
    SampleFn,
    Sampler,
    Stateful,
    StatefulReference,
)
from whet.types import SamplingParams

if TYPE_CHECKING:
    from whet.compute.oom import Stage
    from whet.data.curriculum import ByPassRate
    from whet.data.selective import Selective
    from whet.policy.language_model import LanguageModel


def build_sampler(config: Config) -> Sampler:
    """Builds the sampling engine that `rollout.engine` names; a run has one, shared by all its stages.

    Raises `UserError` for an unknown engine.
    """
    name = config.rollout.engine
    if name not in SAMPLERS:
        raise UserError(f"rollout.engine: is {name!r}; use {', '.join(SAMPLERS)}{did_you_mean(name, SAMPLERS)}")
    return SHARED.get(name, shared_sampler)(SAMPLERS[name](config))


def _native(config: Config) -> Sampler:
    from whet.policy.free_memory import free_bytes
    from whet.rollout.native import NativeSampler

    return NativeSampler(decoding=config.rollout.decoding, free_bytes=own_share(free_bytes))


def _vllm(config: Config) -> Sampler:
    from whet.build.vllm_sampler import build_vllm

    return build_vllm(config)


def _ray(config: Config) -> Sampler:
    from whet.build.ray_workers import build_ray

    return build_ray(config)


SAMPLERS: dict[str, Callable[[Config], Sampler]] = {"native": _native, "vllm": _vllm, "ray": _ray, "auto": _native}
"""Constructors by `rollout.engine`."""

SHARED: Mapping[str, Callable[[Sampler], Sampler]] = {"ray": led_sampler}
"""How the processes of a run share an engine, where it is not that each has one of its own."""


def build_rollouts(
    config: Config, sampler: Sampler, tokenizer: Any, purpose: str, temperature: float | None = None
) -> SampleFn:
    """Returns a function that samples rollouts with the training's parameters, or at `temperature`; 0 is greedy.

    `purpose` seeds a random stream of its own. Those in `AS_TRAINED` have the training's limit on completion tokens.
    """
    from whet.rollout.rollouts import Rollouts

    sampling, longest = config.grpo.sampling, longest_response(config, purpose)
    as_trained = SamplingParams(sampling.temperature, sampling.top_p, longest)
    params = as_trained if temperature is None else SamplingParams(temperature, max_tokens=longest)
    return Rollouts(sampler, tokenizer, params, config.seed, purpose)


def build_optimizer(
    policy: "LanguageModel",
    config: OptimizerConfig,
    steps: int,
    micro_batch_tokens: int | None,
    is_deterministic: bool = False,
    stage: "Stage" = "grpo",
) -> Optimizer:
    """Returns AdamW over the policy's trainable weights, its gradients summed in a fixed order where asked for.

    `stage` is named where memory does not suffice.
    """
    from whet.compute.determinism import deterministic
    from whet.compute.optimizer import MasterAdamW

    inside: Callable[[], AbstractContextManager[None]] = deterministic if is_deterministic else nullcontext
    tokens = micro_batch_tokens or MICRO_BATCH_TOKENS
    return shared_optimizer(MasterAdamW(policy.trainable(), config, steps, tokens, inside, stage), policy)


def build_reference(policy: "LanguageModel", config: Config, warmed: bool = False) -> StatefulReference:
    """Returns π_ref, the policy as it is now: none at β = 0, a copy, or the base weights under untrained adapters.

    With `objective.reference_every` the copy moves towards the policy. `warmed`: a warm start has trained the adapters.
    """
    from whet.policy.reference import AdaptersOff, FollowingReference, FrozenReference, NoReference

    objective = config.grpo.objective
    if not objective.beta:
        return NoReference()
    tokens = config.grpo.micro_batch_tokens or MICRO_BATCH_TOKENS
    if objective.reference_every:
        following = FollowingReference(policy, tokens, objective.reference_every, objective.reference_mix)
        return shared_reference(following, policy)
    kind = AdaptersOff if config.model.lora and not warmed else FrozenReference
    return shared_reference(kind(policy, tokens), policy)


@dataclass(frozen=True)
class Roles:
    """A run's experience collector, its reference for the KL term, and their state for checkpoints."""

    experience: Experience
    reference: Reference
    memories: Mapping[str, Stateful]
    """Parts with state from earlier steps, by name."""
    settle: Callable[[], object] = bool
    """Waits until nothing is being sampled, so that others may load the engine."""


def _by_pass_rate(problems: Problems, config: CurriculumConfig, full_marks: FullMarks, seed: int) -> "ByPassRate":
    from whet.data.curriculum import ByPassRate

    return ByPassRate(problems, config.candidates, full_marks)


def _by_signal(problems: Problems, config: CurriculumConfig, full_marks: FullMarks, seed: int) -> "Selective":
    from whet.data.selective import Selective

    return Selective(problems, config.candidates, full_marks, seed)


CHOOSING: dict[str, Callable[[Problems, CurriculumConfig, FullMarks, int], "ByPassRate | Selective"]] = {
    "pass_rate": _by_pass_rate,
    "signal": _by_signal,
}
"""Constructors of what chooses problems by earlier rewards, by `grpo.curriculum.by`."""


def build_experience(
    config: Config,
    *,
    policy: Policy,
    sampler: Sampler,
    problems: Problems,
    sample: SampleFn,
    further: SampleFn,
    grader: Grader,
    reference: Reference,
    full_marks: FullMarks,
    logged: Callable[[Grader], Grader],
    waiting: Callable[[], AbstractContextManager[None]] = nullcontext,
) -> Roles:
    """`OnPolicy` on a loaded engine, and what the recipe puts around it: dynamic sampling, the KL in the reward.

    `further` samples what comes after the first completions of a group, with random numbers of its own. Pass rates and
    replay go around `grader`, and `logged`, which times it and logs what fails, around all of these; `waiting` around
    the time that is spent on rollouts which are sampled ahead.
    """
    from whet.data.curriculum import PassRateGrader
    from whet.grpo.down_sampling import DownSampling
    from whet.grpo.dynamic_sampling import DynamicSampling
    from whet.grpo.experience import Loaded, OnPolicy
    from whet.grpo.few_first import FewFirst
    from whet.grpo.group_budget import ByBudget
    from whet.grpo.kl_reward import KlReward, SyncedOnly
    from whet.grpo.prefetch import Prefetch
    from whet.grpo.replay import Replay
    from whet.workers.math_compare import AnswerComparer

    curriculum, objective = config.grpo.curriculum, config.grpo.objective
    memories: dict[str, Stateful] = {}
    if curriculum and curriculum.by in CHOOSING:
        problems = memories["pass_rates"] = CHOOSING[curriculum.by](problems, curriculum, full_marks, config.seed)
        grader = PassRateGrader(grader, problems)
    if config.grpo.replay:
        equal = AnswerComparer(budget=seconds_per_grading(config))
        is_right = led(build_is_right(config, equal))
        grader = memories["replay"] = Replay(grader, is_right, config.grpo.replay, equal.take_timeouts)
    grader = logged(grader)
    on_policy = OnPolicy(problems, sample, grader, config.grpo)
    if config.grpo.first:
        on_policy = FewFirst(problems, sample, further, grader, config.grpo, config.grpo.first)
    if config.grpo.sizes == "pass_rate":
        on_policy = memories["budget"] = ByBudget(problems, sample, grader, config.grpo, full_marks)
    inner: Experience = DynamicSampling(on_policy, config.grpo.draws) if config.grpo.draws > 1 else on_policy
    experience: Experience = Loaded(inner, sampler, policy)
    settle: Callable[[], object] = bool  # does nothing
    if config.rollout.ahead:
        ahead = memories["ahead"] = Prefetch(on_policy, sampler, policy, config.grpo.steps, waiting)
        experience, settle = ahead, ahead.settle
    if config.grpo.learn_from:
        experience = DownSampling(experience, config.grpo.learn_from)
    if objective.beta and objective.kl_in == "reward":
        experience, reference = KlReward(experience, reference, objective), SyncedOnly(reference)
    return Roles(experience, reference, memories, settle)
