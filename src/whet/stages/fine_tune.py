"""GRPO as a stage: Algorithm 1 with a run folder under it, a view beside it, evaluations and checkpoints when due."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import partial
from typing import TYPE_CHECKING

from whet.build import Task, build_asking, build_optimizer, build_reference, build_sampler, place_kl
from whet.config import Config
from whet.eval.evaluate import Evaluation
from whet.grpo.algorithm import train
from whet.grpo.metrics import group_metrics
from whet.policy.checkpoint import prune, save_checkpoint, step_folder
from whet.protocols import Optimizer
from whet.rewards.statistics import part_metrics
from whet.runs.view import View
from whet.runs.writer import RunWriter
from whet.stages.clock import Clock, Timed
from whet.stages.efficiency import Efficiency
from whet.stages.grading import ToldGrader
from whet.stages.measure import measure
from whet.stages.parity import Gated
from whet.stages.watch import Watch
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


class Milestones:
    """What happens after a step: a held-out measurement and a checkpoint, each when due.

    Where checkpoints are kept at all, the best held-out accuracy so far gets one, whenever it was measured.
    """

    def __init__(
        self,
        policy: "LanguageModel",
        optimizer: Optimizer,
        task: Task,
        config: Config,
        run: RunWriter,
        view: View,
        watch: Watch | None = None,
    ):
        self.policy, self.optimizer, self.task, self.config = policy, optimizer, task, config
        self.run, self.view, self.watch = run, view, watch or Watch(run, view)
        self.best: tuple[float, int] = (-1.0, -1)
        """The best held-out accuracy and after how many steps it was measured; of equals, the latest."""

    def __call__(self, step: int) -> None:
        done, saves = step + 1, self.config.run.save_every
        if _is_due(done, self.config.eval.every) and done < self.config.grpo.steps:
            self._evaluate(done)
        if _is_due(done, saves) or (saves and self.best[1] == done):
            self._save(done)

    def _evaluate(self, done: int) -> None:
        evaluation = measure(self.policy, self.task.exam, self.config, self.view, f"Evaluate, step {done}")
        record_evaluation(self.run, f"step-{done:06d}", evaluation)
        self.watch.measured(evaluation)
        self.best = max(self.best, (evaluation.accuracy, done))
        self.view.phase("GRPO", self.config.grpo.steps, done)

    def _save(self, done: int) -> None:
        tensors = {"optimizer": self.optimizer.tensors()}
        save_checkpoint(step_folder(self.run.checkpoints, done), tensors, {"step": done, "best": list(self.best)})
        best = step_folder(self.run.checkpoints, self.best[1]) if self.best[1] > 0 else None
        prune(self.run.checkpoints, self.config.run.keep, [best] if best else [])


def fine_tune(
    policy: "LanguageModel", task: Task, config: Config, run: RunWriter, view: View, watch: Watch | None = None
) -> None:
    """GRPO over `config.grpo.steps` steps; the policy is changed in place, and `watch` kept informed."""
    watch = watch or Watch(run, view)
    clock, grader = Clock(), ToldGrader(task.reward, view, lambda: run.next_step)
    optimizer = build_optimizer(policy, config.grpo.optimizer, config.grpo.steps)
    efficiency = Efficiency.of(policy, config.grpo.objective)
    sampler, grading = Timed(build_sampler(config, "train"), "rollout", clock), Timed(grader, "grade", clock)
    asking = build_asking(config, task.stream, sampler, grading, task.reward.full_marks or 1.0)
    reward, reference = place_kl(config, asking.grader, Timed(build_reference(policy, config), "reference", clock))
    told = partial(graded, task.reward, asking.told)
    view.phase("GRPO", config.grpo.steps, run.next_step)
    if config.grpo.sampling.top_p < 1:
        view.note(f"grpo.sampling.top_p is {config.grpo.sampling.top_p:g}: anything under 1 biases the gradient")
    train(
        policy=policy,
        reference=reference,
        sampler=sampler,
        problems=asking.problems,
        reward=reward,
        optimizer=optimizer,
        run=Gated(Recorder(run, view, clock, told, efficiency, watch), policy),
        config=config.grpo,
        after_step=Milestones(policy, optimizer, task, config, run, view, watch),
    )


def graded(
    mixture: "Mixture", asking: Callable[[], Mapping[str, float]], step: int, groups: Sequence[Group]
) -> dict[str, float]:
    """What the rewards and the asking tell of a step; a function's own figures cannot pose as ours."""
    return {**mixture.logs.metrics, **part_metrics(groups, mixture.parts, step), **asking()}


def record_evaluation(run: RunWriter, stage: str, evaluation: Evaluation) -> None:
    """A measurement to the run folder."""
    run.record_evaluation(stage, [record.as_dict() for record in evaluation.records], evaluation.summary())


def _is_due(done: int, every: int) -> bool:
    return every > 0 and done % every == 0
