"""Grades a step with timing, and logs failed rewards and comparison time-outs."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace

from whet.protocols import Grader
from whet.rewards.constant import ConstantRewards
from whet.runs.views.view import View
from whet.text import one_line
from whet.train_loop.clock import Clock
from whet.types import Failure, Graded, Outputs, Prompt
from whet.workers.math_compare import timeout_lines

LATER = "raise grpo.comparison_seconds, or leave such problems out; later ones are counted in grading/unjudged"
"""The fix for comparisons without a verdict, and where they are found after the first time."""
SHOWN = 160
"""Characters of a failure's reason that are logged."""


class LoggingGrader:
    """Plays `Grader`: grades as another one does, on the clock, and logs what failed, once per reward and call."""

    def __init__(
        self,
        grader: Grader,
        on_error: Mapping[str, str],
        view: View,
        clock: Clock,
        constants: ConstantRewards | None = None,
    ) -> None:
        """`on_error` says, by reward, what the recipe does about a failure; `constants` finds constant rewards."""
        self.grader, self.on_error, self.view, self.clock = grader, on_error, view, clock
        self.constants = constants or ConstantRewards({})
        self.step, self.unjudged, self.has_told = -1, 0, False
        """The current step, its comparisons without a verdict so far, and whether such ones have been told."""

    def grade(self, prompts: Sequence[Prompt], outputs: Outputs, step: int) -> Graded:
        """r_i for every rollout of the step. Raises `UserError` as the grader under it does."""
        with self.clock.timing("grade"):
            graded = self.grader.grade(prompts, outputs, step)
        lines = [*failure_lines(graded.failures, self.on_error), *self.constants.lines(graded.groups)]
        if not self.has_told:
            lines += timeout_lines(graded.timeouts, graded.groups, LATER)
        for line in lines:
            self.view.note(f"step {step}: {line}")
        self.has_told = self.has_told or bool(graded.timeouts)
        self.unjudged = len(graded.timeouts) + (self.unjudged if step == self.step else 0)
        self.step = step
        return replace(graded, metrics={**graded.metrics, "grading/unjudged": float(self.unjudged)})


def failure_lines(failures: Sequence[Failure], on_error: Mapping[str, str]) -> Iterator[str]:
    """Yields a line for each reward that failed: how often, on which rollout first, why, and its `on_error`."""
    by_reward: dict[str, list[Failure]] = {}
    for failure in failures:
        by_reward.setdefault(failure.reward, []).append(failure)
    for name, some in by_reward.items():
        yield f"reward {name} failed {_how_often(some)} (on_error: {on_error[name]})"


def _how_often(failures: Sequence[Failure]) -> str:
    first, count = failures[0], len(failures)
    times = "once" if count == 1 else f"{count} times"
    where = f", {'' if count == 1 else 'first '}on sample {first.sample} of problem {first.problem}"
    return f"{times}{where if first.problem is not None else ''}: {one_line(first.what, SHOWN)}"
