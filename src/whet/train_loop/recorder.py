"""The role `Run` beside the training loop: each step to the run folder and to the terminal."""

from collections.abc import Callable, Iterable, Mapping, Sequence

from whet.grpo.metrics import group_metrics
from whet.runs.views.view import View
from whet.runs.writer import RunWriter
from whet.train_loop.clock import Clock
from whet.train_loop.efficiency import Efficiency
from whet.train_loop.health_monitor import HealthMonitor
from whet.types import Group

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
        watch: HealthMonitor | None = None,
    ) -> None:
        self.writer, self.view, self.clock, self.graded = writer, view, clock, graded
        self.efficiency, self.watch = efficiency, watch or HealthMonitor(writer, view)

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
            truncated=whole["completions/clipped_ratio"],
            kl=whole.get("kl"),
            tokens_per_second=rate,
            efficiency=shares["efficiency"],
        )
        self.watch.step(step, whole)
