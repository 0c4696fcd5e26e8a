"""The warm-start stage: supervised fine-tuning on solutions rendered in the response format."""

from collections.abc import Mapping, Sequence
from functools import partial
from itertools import islice
from pathlib import Path
from statistics import fmean
from typing import TYPE_CHECKING, Any, Protocol

from whet.build.roles import build_optimizer, build_rollouts
from whet.build.shared import agreed_clock
from whet.build.task import Task
from whet.config import Config, SftConfig
from whet.errors import UserError
from whet.grpo.experience import loaded
from whet.models.lora import add_lora
from whet.models.weights import absorb_adapters
from whet.protocols import Sampler
from whet.runs.views.view import View
from whet.runs.writer import RunWriter
from whet.sft.examples import Example
from whet.sft.supervised import Progress, ended, warm_start
from whet.text import Log
from whet.train_loop.background import AtOnce, Never
from whet.train_loop.checkpoints import CheckpointSchedule
from whet.train_loop.clock import Clock
from whet.train_loop.signals import Stop
from whet.train_loop.slowdown import Slowdown
from whet.train_loop.training_state import TrainingState
from whet.types import Problem

if TYPE_CHECKING:
    from whet.policy.language_model import LanguageModel

FEWEST = 2
"""Solutions that a warm start needs at least."""

SHOWN = ("loss", "held_out_loss", "format_rate")
"""Metrics in the progress line."""

ASIDE = 0.2
"""The largest share of the solutions that is held out: of fewer than five it is less than one, and all are learned."""


def sft_problems(task: Task, config: SftConfig) -> list[Problem]:
    """Returns the problems whose worked solutions the warm start trains on, without repeats: up to what its steps need.

    Empty where fewer than `FEWEST` have a worked solution.
    """
    wanted = config.steps * config.batch_size + config.held_out
    worked = {problem.asked: problem for problem in islice(task.solutions, wanted) if problem.solution}
    return list(worked.values()) if len(worked) >= FEWEST else []


def refuse_too_few(worked: Sequence[Problem], task: Task) -> None:
    """Raises `UserError` where no problem is left to train on."""
    if not worked:
        raise UserError(
            f"sft: fewer than {FEWEST} of {len(task.solutions)} problems have a worked solution to imitate; name data "
            "with a solution column in sft.data, or set sft.when never"
        )


def run_warm_start(
    policy: "LanguageModel",
    sampler: Sampler,
    task: Task,
    worked: Sequence[Problem],
    config: Config,
    run: RunWriter,
    view: View,
    stop: Stop | None = None,
    saved: Path | None = None,
    own: bool = False,
) -> None:
    """Fine-tunes the policy in place on the solutions of `worked`, some of them held out for the loss.

    The loss is that of the model itself, at temperature 1. With `own`, `worked` are
    the model's own answers, and it ends once the format is kept. With `saved`, a checkpoint of this warm start, it
    resumes from there; the policy must then be as it was loaded.
    """
    from whet.policy.reference import NoReference

    stop, clock, progress = stop or Stop(), Clock(), Progress()
    watch = Slowdown.of(view.note, config.rollout.engine, policy.device.type)
    learner = build_learner(policy, config)
    count = _held_out(len(worked), config.sft, view.note)
    examples = [example(problem, task, policy) for problem in worked]
    held_out, trained = examples[:count], examples[count:]
    sft = config.sft
    tokens = sft.micro_batch_tokens
    optimizer = build_optimizer(learner, sft.optimizer, sft.steps, tokens, config.deterministic, "sft")
    state = TrainingState(optimizer, NoReference(), {"progress": progress})
    checkpoints = CheckpointSchedule(
        state,
        run.warm_checkpoints,
        config.sft.steps,
        config.run,
        clock=agreed_clock(),
        jobs=AtOnce() if run.writes else Never(),
    )
    if saved:
        state.load(saved)
    view.phase("Warm start", config.sft.steps, progress.done)

    def report(step: int, metrics: Mapping[str, float]) -> None:
        run.record_metrics("sft", step, metrics)
        run.record_timings("sft", step, {"step_time": clock.elapsed()})
        watch(step, 1 / clock.elapsed())
        view.advance(step + 1, **{name: metrics[name] for name in SHOWN if name in metrics})
        checkpoints.after(step + 1, stop)
        clock.restart()

    keeps = partial(format_rate, learner, sampler, task, worked[:count] or worked, config) if own else None
    with stop.patiently():
        warm_start(learner, optimizer, trained, held_out, config.sft, config.seed, report, progress, keeps)
    if config.run.save_every or config.run.save_minutes:
        checkpoints.save(progress.done)  # evaluation and check come before GRPO's first checkpoint
    if config.sft.lora:
        absorb_adapters(learner.model)
    if progress.done < config.sft.steps:
        view.note(f"{ended(progress, config.sft)}: the warm start ends after {progress.done} steps")


def _held_out(solutions: int, config: SftConfig, note: Log) -> int:
    """Returns how many of the solutions are held out; says so where none is although the recipe asks for some."""
    most = int(ASIDE * solutions)
    if config.held_out and not most:
        note(f"the warm start learns all {solutions} solutions and holds none out: a fifth of them is less than one")
    return min(config.held_out, most)


def build_learner(policy: "LanguageModel", config: Config) -> "LanguageModel":
    """Returns the policy that the warm start trains: over the same weights, with `sft.lora`'s adapters where given."""
    lora = config.sft.lora
    model = add_lora(policy.model, lora, config.seed) if lora else policy.model
    return policy.with_model(model, temperature=1.0)


def format_rate(
    policy: "LanguageModel", sampler: Sampler, task: Task, problems: Sequence[Problem], config: Config
) -> float:
    """Returns the share of greedy completions of up to `sft.format_prompts` problems that keep the format."""
    prompts = [task.renderer.render(problem) for problem in problems[: config.sft.format_prompts]]
    sample = build_rollouts(config, sampler, policy.tokenizer, "format", temperature=0.0)
    with loaded(sampler, policy):
        outputs = sample(prompts, 1, 0)
    return fmean(task.response_format.soft(rollout.text) for (rollout,) in outputs)


class HasTokenizer(Protocol):
    """What has a tokenizer: a policy, a renderer."""

    @property
    def tokenizer(self) -> Any:
        """A tokenizer of transformers."""
        ...


def example(problem: Problem, task: Task, policy: HasTokenizer) -> Example:
    """Returns a problem's prompt and its rendered solution as tokens, with the token that ends a turn.

    That is the chat template's, else the tokenizer's end of sequence, which may be another.
    """
    turn_end = task.renderer.template.turn_end
    end = policy.tokenizer.eos_token_id if turn_end is None else turn_end
    target = (*task.renderer.target(problem), *([] if end is None else [end]))
    return Example(task.renderer.render(problem).tokens, target)
