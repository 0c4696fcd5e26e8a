"""Makes the plan of a recipe: loads it, sizes its memory, measures this machine or looks a card up, and adds up."""

import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from whet.config import Config
from whet.plan.cards import Card, card
from whet.plan.estimate import disk, phases, tokens
from whet.plan.outlook import Outlook, clipped
from whet.plan.rates import Rates
from whet.plan.run_plan import RunPlan
from whet.runs.views.view import View

if TYPE_CHECKING:
    from whet.build.memory_plan import MemoryPlan
    from whet.stages.pipeline import Built

GUESSED = 0.3
"""The share of its limit that a card is taken to reach where nothing was measured."""

GUESSED_LENGTH = 0.6
"""Completions of a model as it is, as a share of their limit, where nothing was sampled."""


@dataclass(frozen=True, slots=True)
class _Parts:
    """What a plan is made of."""

    device: str
    rates: Rates
    outlook: Outlook
    memory: dict[str, float]
    free: float
    notes: tuple[str, ...]
    calibrated: bool = True


def make_plan(
    config: Config, view: View, device: str | None = None, clock: Callable[[], float] = time.perf_counter
) -> RunPlan:
    """Returns what a run of `config` will take, from at most a minute of measurements here, or for a card by name.

    Nothing is written and no run folder is made; the model is loaded, and with a calibration trained a little.

    Raises `UserError` as `whet train` does before its first stage, and for a card that is not known.
    """
    from whet.stages.pipeline import load, settled

    known = card(device) if device else None
    began = clock()
    built = load(config, view)
    loaded = clock() - began
    parts = _of_card(built, config, known, str(device)) if known else None
    if parts is None:
        view.phase("Calibrate", None)
        parts = _of_this_machine(settled(built, config, view), config, loaded, view, clock)
    shape = parts.rates.limit.shape
    trained = sum(weight.numel() for weight in built.policy.trainable())
    every = tuple(phases(config, parts.rates, parts.outlook, shape.weights, trained))
    sampled, learned = tokens(config, parts.outlook)
    grpo_seconds = next((phase.seconds for phase in every if phase.name == "GRPO"), 0.0)
    return RunPlan(
        device=parts.device,
        calibrated=parts.calibrated,
        phases=every,
        memory=parts.memory,
        memory_free=parts.free,
        sampled_tokens=sampled,
        learned_tokens=learned,
        disk=disk(config, parts.outlook, shape.weights, trained, grpo_seconds),
        notes=parts.notes,
    )


def _of_this_machine(built: "Built", config: Config, loaded: float, view: View, clock: Callable[[], float]) -> _Parts:
    from whet.build.memory_plan import plan_memory, with_micro_batches
    from whet.compute.machine import measure_machine
    from whet.compute.memory import return_freed_memory
    from whet.plan.calibrate import calibrate
    from whet.policy.free_memory import free_bytes
    from whet.train_loop.memory_watch import resident_bytes

    policy = built.policy
    weights = float(sum(weight.nbytes for weight in policy.model.parameters()))
    return_freed_memory()  # what the comparison of sampler and learner took is used again
    program = max(resident_bytes() - weights, 0.0) if policy.device.type == "cpu" else 0.0
    free, name = float(free_bytes(policy.device)) + weights, _described(policy.device)
    sized = with_micro_batches(config, policy, view.note)
    if plan_memory(sized, policy, sized.grpo.micro_batch_tokens or 0).peak > free:
        here = Card(measure_machine(policy.device, policy.model.dtype), free)
        return _of_card(built, sized, here, name)
    rates, outlook = calibrate(built, sized, loaded, clock)
    plan = plan_memory(sized, policy, _tokens_at_once(sized, outlook))
    notes = () if outlook.warm_start or config.sft.when == "never" else (NO_WARM_START,)
    return _Parts(name, rates, outlook, memory_parts(plan, program), free + program, notes)


NO_WARM_START = "no warm start is expected: a small check found enough signal; the run's own check decides"


def _tokens_at_once(config: Config, outlook: Outlook) -> int:
    """Tokens of the largest micro-batch: no more than a step has."""
    grpo, sft = config.grpo, config.sft
    step = grpo.prompts_per_step * (max(outlook.prompts) + grpo.group_size * max(outlook.after))
    imitated = sft.batch_size * max((sum(one) for one in outlook.examples), default=0) if outlook.warm_start else 0
    sizes = [
        min(size, most) for size, most in ((step, grpo.micro_batch_tokens), (imitated, sft.micro_batch_tokens)) if most
    ]
    return int(max(sizes, default=step))


def memory_parts(plan: "MemoryPlan", program: float) -> dict[str, float]:
    """Returns the bytes at the peak by part, of whichever takes more: the learner or the sampler."""
    fixed = {
        "program and libraries": program,
        "weights": plan.weights,
        "optimizer": plan.optimizer,
        "reference": plan.reference,
    }
    fixed |= {"engine's weights and cache": plan.held} if plan.held else {}
    learner = {
        "gradients": plan.gradients,
        "activations": plan.tokens * plan.per_token + plan.attention,
        "head": plan.head,
    }
    sampler = {"sampler's weights and cache": plan.sampler}
    return fixed | (learner if sum(learner.values()) >= plan.sampler else sampler)


def _described(device: object) -> str:
    import torch

    kind = torch.device(str(device))
    return torch.cuda.get_device_name(kind) if kind.type == "cuda" else f"CPU, {torch.get_num_threads()} threads"


def _of_card(built: "Built", config: Config, known: Card, name: str) -> _Parts:
    from whet.build.memory_plan import ENOUGH, MOST, plan_memory
    from whet.compute.limit import Limit, Shape

    policy = built.policy
    limit = Limit(replace(Shape.of(policy.model), bytes_per_weight=2), known.machine)
    rates = Rates(
        limit=limit,
        grouped=GUESSED,
        single=GUESSED,
        learn=GUESSED,
        imitate=GUESSED,
        copy_seconds=4 * limit.shape.weights / known.machine.bandwidth,
        optimizer_seconds=limit.optimizer() / GUESSED,
        grade_seconds=0.001,
        gold_seconds=0.001,
        load_seconds=10.0,
        bytes_per_second=0.5e9,
    )
    plan = plan_memory(config, policy, config.grpo.micro_batch_tokens or MOST["cuda"])
    if config.grpo.micro_batch_tokens is None:
        plan = plan.sized(known.memory - plan.weights, ENOUGH["cuda"], MOST["cuda"])
    outlook = _unsampled(built, config)
    notes = (
        f"nothing was measured but Φ and β: {GUESSED:.0%} of the limit reached, grading 1 ms a completion",
        f"lengths: {GUESSED_LENGTH:.0%} of their limit before a warm start, those of the solutions after one",
    )
    return _Parts(name, rates, outlook, memory_parts(plan, 0.0), known.memory, notes, calibrated=False)


def _unsampled(built: "Built", config: Config) -> Outlook:
    """The outlook by the data alone."""
    from whet.stages.warm_start import example, sft_problems

    task, longest = built.task, config.grpo.sampling.max_tokens
    examples = [example(problem, task, built.policy) for problem in sft_problems(task, config.sft)[:64]]
    before = (max(int(GUESSED_LENGTH * longest), 1),)
    warm = config.sft.when != "never" and bool(examples)
    return Outlook(
        prompts=tuple(len(prompt.tokens) for prompt in task.stream.draw(64, 0)),
        held_out=tuple(len(prompt.tokens) for prompt in task.eval_set.prompts),
        before=before,
        after=clipped([len(one.response) for one in examples], longest) if warm else before,
        examples=tuple((len(one.prompt), len(one.response)) for one in examples),
        warm_start=warm,
    )
