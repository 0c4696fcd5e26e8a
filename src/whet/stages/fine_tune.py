"""The GRPO stage: Algorithm 1 with recording, checkpoints, evaluations and health checks."""

from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from whet.build.compile_layers import compile_where_it_pays
from whet.build.roles import (
    Roles,
    build_experience,
    build_optimizer,
    build_reference,
    build_rollouts,
)
from whet.build.shared import agreed_clock, joined, led
from whet.build.task import Task
from whet.compute.checkpoint import remove_checkpoints
from whet.config import Config
from whet.eval.evaluation import Evaluation
from whet.grpo.algorithm import train
from whet.protocols import Grader, Reference, Sampler
from whet.rewards.part_metrics import part_metrics
from whet.runs.reader import RunReader
from whet.runs.views.view import View
from whet.runs.writer import RunWriter
from whet.stages.measure import measure
from whet.stages.run_folder import shared_jobs
from whet.train_loop.background import Background, Jobs, Never
from whet.train_loop.callbacks import Evaluations, StepCallbacks
from whet.train_loop.checkpoints import CheckpointSchedule
from whet.train_loop.clock import Clock
from whet.train_loop.compared_ahead import compared_ahead
from whet.train_loop.efficiency import Efficiency
from whet.train_loop.health_monitor import HealthMonitor
from whet.train_loop.logging_grader import LoggingGrader
from whet.train_loop.recorder import Recorder
from whet.train_loop.signals import Stop
from whet.train_loop.slowdown import Slowdown
from whet.train_loop.stall_monitor import watched
from whet.train_loop.step_checks import FiniteGradient, SamplerParity, StepCheck
from whet.train_loop.timed_roles import TimedReference, TimedSampler
from whet.train_loop.training_state import TrainingState
from whet.train_loop.waiting_roles import WaitingOptimizer, WaitingReference

if TYPE_CHECKING:
    from whet.policy.language_model import LanguageModel


def fine_tune(
    policy: "LanguageModel",
    sampler: Sampler,
    task: Task,
    config: Config,
    run: RunWriter,
    view: View,
    health: HealthMonitor,
    stop: Stop,
    warmed: bool = False,
    saved: Path | None = None,
) -> None:
    """Trains the policy in place by GRPO for `config.grpo.steps` steps; each step's metrics go to `health`.

    `warmed`: a warm start came before, so that the reference differs from the loaded model and is checkpointed.
    With `saved`, a checkpoint of this run, training resumes from it; the policy must then be as it was loaded.
    """
    clock, grpo = Clock(), config.grpo
    optimizer = build_optimizer(policy, grpo.optimizer, grpo.steps, grpo.micro_batch_tokens, config.deterministic)
    compile_where_it_pays(policy, config, view.note)
    reference = build_reference(policy, config, warmed)
    roles = _experience(policy, reference, sampler, task, config, view, clock)
    state = TrainingState(optimizer, reference, roles.memories)
    jobs = Background() if run.writes else Never()
    checkpoints = CheckpointSchedule(
        state, run.checkpoints, grpo.steps, config.run, config.run.save_every, agreed_clock(), shared_jobs(jobs)
    )
    evaluate = partial(_settled_first, roles.settle, policy, sampler, task.eval_set, config, view, reward=task.reward)
    callbacks = StepCallbacks(checkpoints, evaluate, config, run, view, health, stop, _evaluations_of(run))
    recorder = _recorder(policy, task, config, run, view, health, clock, jobs)
    if saved:
        state.load(saved)
    with jobs:
        _settle(callbacks, run, config, resumed=saved is not None, warmed=warmed)
        _announce(config, run, view)
        with stop.patiently(), watched(clock, view):
            train(
                policy=policy,
                reference=WaitingReference(roles.reference, checkpoints.until_copied),
                experience=roles.experience,
                optimizer=WaitingOptimizer(optimizer, checkpoints.until_copied),
                run=recorder,
                config=grpo,
                after_step=callbacks,
            )


def _experience(
    policy: "LanguageModel",
    reference: Reference,
    sampler: Sampler,
    task: Task,
    config: Config,
    view: View,
    clock: Clock,
) -> Roles:
    """Returns what collects rollouts, graded and compared with the reference; its parts are timed by the clock."""
    timed = TimedSampler(sampler, clock)
    source = sampler if config.rollout.ahead else timed  # beside the learner only waiting for it takes time
    ahead = partial(compared_ahead, sampler=sampler, ahead=task.reward.ahead, device=policy.device.type)
    return build_experience(
        config,
        policy=policy,
        sampler=timed,
        problems=task.stream,
        sample=ahead(build_rollouts(config, source, policy.tokenizer, "train")),
        further=ahead(build_rollouts(config, source, policy.tokenizer, "train/further")),
        grader=task.reward,
        reference=TimedReference(reference, clock),
        full_marks=lambda step: task.reward.full_marks(step) or 1.0,
        logged=_logged(task, view, clock),
        waiting=partial(clock.timing, "rollout"),
    )


def _recorder(
    policy: "LanguageModel",
    task: Task,
    config: Config,
    run: RunWriter,
    view: View,
    health: HealthMonitor,
    clock: Clock,
    jobs: Jobs,
) -> Recorder:
    """Returns what writes and checks each step's metrics."""
    of_rewards = partial(part_metrics, parts=task.reward.parts)
    efficiency = Efficiency.of(policy, config.grpo.objective, joined().count)
    return Recorder(
        run, view, clock, of_rewards, efficiency, health, _checks(policy), jobs, _slowdown(policy, config, view)
    )


def _logged(task: Task, view: View, clock: Clock) -> Callable[[Grader], Grader]:
    """Returns what times a grader and logs what fails in it."""
    reward = task.reward
    return partial(LoggingGrader, on_error=reward.on_error, view=view, clock=clock, constants=reward.constants)


def _settled_first(settle: Callable[[], object], *what: Any, **named: Any) -> Evaluation:
    """Measures once nothing is being sampled ahead."""
    settle()
    return measure(*what, **named)


def _evaluations_of(run: RunWriter) -> Evaluations:
    """Returns the evaluations on disk, as process 0 sees them."""
    return led(RunReader(run.path).evaluations)


def _slowdown(policy: "LanguageModel", config: Config, view: View) -> Slowdown:
    return Slowdown.of(view.note, config.rollout.engine, policy.device.type)


def _checks(policy: "LanguageModel") -> tuple[StepCheck, ...]:
    return SamplerParity(policy), FiniteGradient()


def _settle(callbacks: StepCallbacks, run: RunWriter, config: Config, resumed: bool, warmed: bool) -> None:
    """What is due before the first step: an evaluation that a resumed run still owes, or the warm start's checkpoint.

    The checkpoints of the warm start go once GRPO has one of its own.
    """
    if resumed:
        callbacks.measure(run.next_step)
    elif warmed and (config.run.save_every or config.run.save_minutes):
        callbacks.checkpoints.save(0)
        callbacks.checkpoints.jobs.submit(partial(remove_checkpoints, run.warm_checkpoints))


def _announce(config: Config, run: RunWriter, view: View) -> None:
    view.phase("GRPO", config.grpo.steps, run.next_step)
    if (top_p := config.grpo.sampling.top_p) < 1:
        view.note(f"grpo.sampling.top_p is {top_p:g}: anything under 1 biases the gradient")
