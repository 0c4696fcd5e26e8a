"""GRPO as a stage: Algorithm 1 with a run folder under it, a view beside it, milestones after each step."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import partial
from typing import TYPE_CHECKING

from whet.build import Task, build_asking, build_optimizer, build_reference, build_sampler, place_kl
from whet.config import Config
from whet.grpo.algorithm import train
from whet.grpo.metrics import group_metrics
from whet.policy.checkpoint import Checkpoint, remove_checkpoints
from whet.rewards.statistics import part_metrics
from whet.runs.view import View
from whet.runs.writer import RunWriter
from whet.stages.clock import Clock, Timed
from whet.stages.efficiency import Efficiency
from whet.stages.finite import Finite
from whet.stages.grading import ToldGrader
from whet.stages.milestones import Milestones
from whet.stages.parity import Gated
from whet.stages.savings import Savings
from whet.stages.stop import Stop
from whet.stages.training_state import TrainingState
from whet.stages.watch import Watch
from whet.stages.watchdog import watched
from whet.types import Group

if TYPE_CHECKING:
    from whet.policy.language_model import LanguageModel
    from whet.rewards.mixture import Mixture


Graded = Callable[[int, Sequence[Group]], Mapping[str, float]]
"""Figures of a step's grading: those of each reward function, and what the functions logged themselves."""


class Recorder:
    """The role `Run`: each step to the folder and to the view, with what its grading told."""

    def __init__(
        self,
        writer: RunWriter,
        view: View,
        clock: Clock,
        graded: Graded,
        efficiency: Efficiency,
        watch: Watch | None = None,
    ) -> None:
        self.writer, self.view, self.clock, self.graded = writer, view, clock, graded
        self.efficiency, self.watch = efficiency, watch or Watch(writer, view)

    def steps(self, until: int) -> Iterable[int]:
        """The steps still to do; the clock starts anew with each."""
        return self.clock.each(self.writer.steps(until))

    def record(
        self,
        step: int,
        groups: Sequence[Group],
        advantages: Sequence[Sequence[float]],
        metrics: Mapping[str, float],
    ) -> None:
        """Rollouts, metrics and timings of a step."""
        whole = {**self.graded(step, groups), **group_metrics(groups), **metrics}
        self.writer.record(step, groups, advantages, whole)
        seconds = self.clock.elapsed()
        rate = whole["completions/tokens"] / seconds
        shares = self.efficiency(groups, advantages, self.clock.seconds, seconds)
        phases = {f"seconds/{name}": spent for name, spent in self.clock.seconds.items()}
        self.writer.record_timings("grpo", step, {"step_time": seconds, "tokens_per_second": rate, **shares, **phases})
        self.view.advance(
            step + 1,
            reward=whole["reward"],
            signal=1.0 - whole["frac_reward_zero_std"],
            mean_length=whole["completions/mean_length"],
            cut_off=whole["completions/clipped_ratio"],
            kl=whole.get("kl"),
            tokens_per_second=rate,
            efficiency=shares["efficiency"],
        )
        self.watch.step(step, whole)


def fine_tune(
    policy: "LanguageModel",
    task: Task,
    config: Config,
    run: RunWriter,
    view: View,
    watch: Watch | None = None,
    stop: Stop | None = None,
    warmed: bool = False,
    saved: Checkpoint | None = None,
) -> None:
    """GRPO over `config.grpo.steps` steps; the policy is changed in place, and `watch` kept informed.

    `warmed` says whether a warm start came before: then the reference is a policy of its own, and worth a checkpoint.
    With `saved`, a checkpoint of this run, it goes on from there, for which the policy must be as it was loaded.
    """
    watch, stop = watch or Watch(run, view), stop or Stop()
    clock, grader = Clock(), ToldGrader(task.reward, view, lambda: run.next_step)
    optimizer = build_optimizer(policy, config.grpo.optimizer, config.grpo.steps)
    efficiency = Efficiency.of(policy, config.grpo.objective)
    sampler, grading = Timed(build_sampler(config, "train"), "rollout", clock), Timed(grader, "grade", clock)
    asking = build_asking(config, task.stream, sampler, grading, task.reward.full_marks or 1.0)
    kept = build_reference(policy, config, warmed)
    reward, reference = place_kl(config, asking.grader, Timed(kept, "reference", clock))
    state = TrainingState(optimizer, kept, asking.memories)
    savings = Savings(state, run.checkpoints, config.grpo.steps, config.run, config.run.save_every)
    milestones = Milestones(policy, savings, task, config, run, view, watch, stop)
    if saved:
        state.restore(saved)
        milestones.measure(run.next_step)
    elif warmed and (config.run.save_every or config.run.save_minutes):
        savings.save(0)
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
            after_step=milestones,
        )


def graded(
    mixture: "Mixture", asking: Callable[[], Mapping[str, float]], step: int, groups: Sequence[Group]
) -> dict[str, float]:
    """What the rewards and the asking tell of a step; a function's own figures cannot pose as ours."""
    return {**mixture.logs.metrics, **part_metrics(groups, mixture.parts, step), **asking()}
