"""Group sizes by pass rate: samples go where they are likeliest to teach (Knapsack RL, arXiv:2509.25849, §3).

What N rollouts of a prompt are worth that is right with probability p: the chance that they differ,
1 − pᴺ − (1 − p)ᴺ, times what a gradient of it is worth, p (1 − p)². A step's rollouts are allotted so that the sum is
largest; the worth is concave in N, so that giving each next pair to the prompt that gains most by it is optimal.

The sizes depend on earlier steps only, so each group's gradient is as unbiased as ever. Where each completion counts
the same in the loss, a prompt counts by its size.
"""

import heapq
from collections.abc import Mapping, Sequence
from dataclasses import replace
from itertools import islice

from whet.config import GrpoConfig
from whet.grpo.experience import OnPolicy
from whet.grpo.pass_rate import FullMarks, expected_rate, shares
from whet.protocols import Grader, Problems, SampleFn
from whet.types import Graded, Outputs, Prompt

PAIR = 2
"""Rollouts are allotted two at a time: the least that can differ."""

MOST = 4
"""The largest group, in multiples of `group_size`."""


class ByBudget(OnPolicy):
    """Plays `Experience`: as `OnPolicy`, with as many rollouts in all, and more of them where they are worth more."""

    def __init__(
        self, problems: Problems, sample: SampleFn, grader: Grader, config: GrpoConfig, full_marks: FullMarks
    ) -> None:
        super().__init__(problems, sample, grader, config)
        self.full_marks = full_marks
        self.last: dict[str, tuple[float, int]] = {}
        """By problem id: the sum of rewards, as shares of full marks, and the number of rollouts, when last asked."""

    def ask(self, prompts: Sequence[Prompt], step: int) -> Graded:
        """A group for each prompt, in order."""
        rates = [self.pass_rate(prompt.problem.id) for prompt in prompts]
        sizes = group_sizes(rates, self.config.group_size)
        graded = self.graded(self._sampled(prompts, sizes, step), prompts, step)
        found = {group.prompt.problem.id: shares(group, self.full_marks(step)) for group in graded.groups}
        self.last |= {problem: (sum(some), len(some)) for problem, some in found.items()}
        return replace(graded, metrics={**graded.metrics, "budget/largest": float(max(sizes))})

    def pass_rate(self, problem: str) -> float:
        """The rate to expect by what was found when last asked; ½ for a new problem."""
        return expected_rate(*self.last.get(problem, (0.0, 0)))

    def state_dict(self) -> dict[str, tuple[float, int]]:
        """The last results, for a checkpoint."""
        return dict(self.last)

    def load_state_dict(self, state: Mapping[str, Sequence[float]]) -> None:
        """Restores the results that `state_dict` returned."""
        self.last = {problem: (float(total), int(count)) for problem, (total, count) in state.items()}

    def _sampled(self, prompts: Sequence[Prompt], sizes: Sequence[int], step: int) -> Outputs:
        # One call of the engine: a prompt repeated for each pair; equal problems go on counting their samples.
        pairs = [size // PAIR for size in sizes]
        repeated = [prompt for prompt, count in zip(prompts, pairs, strict=True) for _ in range(count)]
        outputs = iter(self.sample(repeated, PAIR, step))
        return [[rollout for some in islice(outputs, count) for rollout in some] for count in pairs]


def group_sizes(pass_rates: Sequence[float], group_size: int) -> list[int]:
    """Returns even group sizes, `group_size` on average, of the largest worth for these pass rates.

    >>> group_sizes([0.5, 0.98], 8)
    [14, 2]
    """
    sizes = [PAIR] * len(pass_rates)
    waiting = [(-_gain(rate, PAIR), place) for place, rate in enumerate(pass_rates)]
    heapq.heapify(waiting)
    left = len(pass_rates) * (group_size - PAIR) // PAIR
    while left and waiting:
        _, place = heapq.heappop(waiting)
        sizes[place] += PAIR
        left -= 1
        if sizes[place] < MOST * group_size:
            heapq.heappush(waiting, (-_gain(pass_rates[place], sizes[place]), place))
    return sizes


def worth(rate: float, size: int) -> float:
    """Returns what `size` rollouts of a prompt with this pass rate are worth."""
    differ: float = 1 - rate**size - (1 - rate) ** size
    return differ * rate * (1 - rate) ** 2


def _gain(rate: float, size: int) -> float:
    return worth(rate, size + PAIR) - worth(rate, size)
