"""GRPO as a stage: Algorithm 1 with a run folder under it, a view beside it, milestones after each step."""

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import TYPE_CHECKING

from whet.build.roles import build_asking, build_optimizer, build_reference, build_sampler, place_kl
from whet.build.task import Task
from whet.compute.checkpoint import Checkpoint, remove_checkpoints
from whet.config import Config
from whet.grpo.algorithm import train
from whet.rewards.part_metrics import part_metrics
from whet.runs.views.view import View
from whet.runs.writer import RunWriter
from whet.stages.measure import measure
from whet.train_loop.callbacks import StepCallbacks
from whet.train_loop.checkpoints import CheckpointSchedule
from whet.train_loop.clock import Clock, Timed
from whet.train_loop.efficiency import Efficiency
from whet.train_loop.finite_loss import Finite
from whet.train_loop.health_monitor import HealthMonitor
from whet.train_loop.logging_grader import LoggingGrader
from whet.train_loop.parity import Gated
from whet.train_loop.recorder import Recorder
from whet.train_loop.signals import Stop
from whet.train_loop.stall_monitor import watched
from whet.train_loop.training_state import TrainingState
from whet.types import Group

if TYPE_CHECKING:
    from whet.policy.language_model import LanguageModel
    from whet.rewards.mixture import Mixture


def fine_tune(
    policy: "LanguageModel",
    task: Task,
    config: Config,
    run: RunWriter,
    view: View,
    watch: HealthMonitor | None = None,
    stop: Stop | None = None,
    warmed: bool = False,
    saved: Checkpoint | None = None,
) -> None:
    """GRPO over `config.grpo.steps` steps; the policy is changed in place, and `watch` kept informed.

    `warmed` says whether a warm start came before: then the reference is a policy of its own, and worth a checkpoint.
    With `saved`, a checkpoint of this run, it goes on from there, for which the policy must be as it was loaded.
    """
    watch, stop = watch or HealthMonitor(run, view), stop or Stop()
    clock, grader = Clock(), LoggingGrader(task.reward, view, lambda: run.next_step)
    optimizer = build_optimizer(policy, config.grpo.optimizer, config.grpo.steps)
    efficiency = Efficiency.of(policy, config.grpo.objective)
    sampler, grading = Timed(build_sampler(config, "train"), "rollout", clock), Timed(grader, "grade", clock)
    asking = build_asking(config, task.stream, sampler, grading, task.reward.full_marks or 1.0)
    kept = build_reference(policy, config, warmed)
    reward, reference = place_kl(config, asking.grader, Timed(kept, "reference", clock))
    state = TrainingState(optimizer, kept, asking.memories)
    checkpoints = CheckpointSchedule(state, run.checkpoints, config.grpo.steps, config.run, config.run.save_every)
    evaluate = partial(measure, policy, task.eval_set, config, view)
    callbacks = StepCallbacks(checkpoints, evaluate, config, run, view, watch, stop)
    if saved:
        state.restore(saved)
        callbacks.measure(run.next_step)
    elif warmed and (config.run.save_every or config.run.save_minutes):
        checkpoints.save(0)
        remove_checkpoints(run.warm_checkpoints)
    recorder = Recorder(run, view, clock, partial(graded, task.reward, asking.told), efficiency, watch)
    view.phase("GRPO", config.grpo.steps, run.next_step)
    if config.grpo.sampling.top_p < 1:
        view.note(f"grpo.sampling.top_p is {config.grpo.sampling.top_p:g}: anything under 1 biases the gradient")
    with stop.patiently(), watched(clock, view):
        train(
            policy=policy,
            reference=reference,
            sampler=sampler,
            problems=asking.problems,
            reward=reward,
            optimizer=optimizer,
            run=Finite(Gated(recorder, policy)),
            config=config.grpo,
            after_step=callbacks,
        )


def graded(
    mixture: "Mixture", asking: Callable[[], Mapping[str, float]], step: int, groups: Sequence[Group]
) -> dict[str, float]:
    """What the rewards and the asking tell of a step; a function's own figures cannot pose as ours."""
    return {**mixture.logs.metrics, **part_metrics(groups, mixture.parts, step), **asking()}
