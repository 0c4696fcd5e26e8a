"""Records each step to the run folder and the terminal, then checks its metrics."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import partial

from whet.grpo.metrics import group_metrics
from whet.runs.views.view import View
from whet.runs.writer import RunWriter
from whet.train_loop.background import AtOnce, Jobs
from whet.train_loop.clock import Clock
from whet.train_loop.efficiency import Efficiency
from whet.train_loop.health_monitor import HealthMonitor
from whet.train_loop.step_checks import StepCheck
from whet.types import Collected, TokenColumns

PartMetrics = Callable[..., Mapping[str, float]]
"""From groups, and `step` by keyword, to the metrics of each reward function."""


class Recorder:
    """Plays `Run` for the loop. A step's records are handed to `jobs` before its metrics are checked."""

    def __init__(
        self,
        writer: RunWriter,
        view: View,
        clock: Clock,
        part_metrics: PartMetrics,
        efficiency: Efficiency,
        health: HealthMonitor,
        checks: Sequence[StepCheck] = (),
        jobs: Jobs | None = None,
        watch: Callable[[int, float, float], None] = lambda *_: None,
    ) -> None:
        """Records are written by `jobs`, by default at once.

        `watch` is told of each step's η and tokens per second, the time of grading left out.
        """
        self.jobs = jobs or AtOnce()
        self.writer, self.view, self.clock, self.part_metrics = writer, view, clock, part_metrics
        self.efficiency, self.health, self.checks, self.watch = efficiency, health, checks, watch

    def steps(self, until: int) -> Iterable[int]:
        """Yields the remaining steps, restarting the clock before each."""
        return self.clock.each(self.writer.steps(until))

    def record(
        self,
        step: int,
        collected: Collected,
        advantages: Sequence[Sequence[float]],
        metrics: Mapping[str, float],
        columns: Callable[[], TokenColumns] = dict,
    ) -> None:
        """Records rollouts, metrics and timings of a step. Raises as the checks do, and what writing a step raised."""
        groups, measured = collected.groups, collected.sampled or collected.groups
        of_rewards = {**collected.logged, **self.part_metrics(measured, step=step)}  # our names come last, so they win
        whole = {**of_rewards, **collected.metrics, **group_metrics(measured), **metrics}
        self.jobs.submit(partial(self.writer.record, step, groups, advantages, whole, columns))
        seconds = self.clock.elapsed()
        rate = collected.tokens / seconds
        sampled = (*measured, *collected.dropped)
        shares = self.efficiency(sampled, groups, advantages, self.clock.seconds, seconds)
        phases = {f"seconds/{name}": spent for name, spent in self.clock.seconds.items()}
        timings = {"step_time": seconds, "tokens_per_second": rate, **shares, **phases}
        self.jobs.submit(partial(self.writer.record_timings, "grpo", step, timings))
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
        worked = seconds / max(seconds - self.clock.seconds["grade"], 1e-9)  # a reward that hangs is told elsewhere
        self.watch(step, worked * shares["efficiency"], worked * rate)
        self.health.step(step, whole)
        for check in self.checks:
            check(step, whole)
