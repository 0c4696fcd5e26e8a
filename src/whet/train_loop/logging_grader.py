"""r_i as a stage: the recipe's rewards, told the step, and a line for each of them that failed in it."""

from collections.abc import Callable, Iterator, Sequence

from whet.rewards.mixture import Failure, Mixture
from whet.runs.views.view import View
from whet.text import one_line
from whet.types import Group, Outputs, Prompt
from whet.workers.math_compare import timeout_lines

SHOWN = 160
"""Letters of a failure's reason that are told."""


class LoggingGrader:
    """The role `Grader`: whatever fails is said, once per reward and step, and so are answers that were given up."""

    def __init__(self, mixture: Mixture, view: View, step: Callable[[], int]) -> None:
        self.mixture, self.view, self.step = mixture, view, step

    def grade(self, prompts: Sequence[Prompt], outputs: Outputs) -> list[Group]:
        """r_i for every rollout of the step under way. Raises `UserError` as `Mixture.grade` does."""
        step = self.step()
        groups = self.mixture.grade(prompts, outputs, step)
        for line in (*failure_lines(self.mixture), *timeout_lines(self.mixture.timeouts, groups)):
            self.view.note(f"step {step}: {line}")
        return groups


def failure_lines(mixture: Mixture) -> Iterator[str]:
    """A line for each reward that failed in the last call of `grade`: how often, on what first, why, what follows."""
    by_reward: dict[str, list[Failure]] = {}
    for failure in mixture.failures:
        by_reward.setdefault(failure.reward, []).append(failure)
    policies = {part.name: part.on_error for part in mixture.parts}
    for name, failures in by_reward.items():
        yield f"reward {name} failed {_how_often(failures)} (on_error: {policies[name]})"


def _how_often(failures: Sequence[Failure]) -> str:
    first, count = failures[0], len(failures)
    times = "once" if count == 1 else f"{count} times"
    where = f", {'' if count == 1 else 'first '}on sample {first.sample} of problem {first.problem}"
    return f"{times}{where if first.problem is not None else ''}: {one_line(first.what, SHOWN)}"
