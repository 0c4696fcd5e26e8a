"""Dynamic sampling (DAPO, arXiv:2503.14476, §3.2): samples further problems until a step's groups have a signal.

A group whose rewards are all equal has no policy gradient. Another problem of the step's reserve takes its place, as
long as there is one.
"""

from collections.abc import Sequence
from dataclasses import replace
from math import ceil

from whet.grpo.experience import OnPolicy
from whet.types import Collected, Group, Prompt

LEAST_YIELD = 0.25
"""The least share of groups with a signal that the size of a further round assumes."""


class DynamicSampling:
    """Plays `Experience`: draws `rounds` times as many problems as a step needs, and samples the reserve as needed."""

    def __init__(self, inner: OnPolicy, rounds: int) -> None:
        self.inner, self.rounds = inner, rounds

    def collect(self, step: int) -> Collected:
        """Returns `prompts_per_step` groups: those with a signal first, in sampling order, then others."""
        wanted = self.inner.config.prompts_per_step
        drawn = self.inner.problems.draw(wanted * self.rounds, step)
        graded = self.inner.ask(drawn[:wanted], step)
        for _ in range(self.rounds - 1):
            more = _next(drawn[wanted:], graded.groups, wanted)
            if not more:
                break
            graded += self.inner.ask(more, step)
        groups = sorted(graded.groups, key=lambda group: not group.has_signal)
        collected = Collected.of(graded)
        metrics = {**collected.metrics, **_cost(graded.groups, wanted)}
        kept, dropped = tuple(groups[:wanted]), tuple(groups[wanted:])
        return replace(collected, groups=kept, dropped=dropped, metrics=metrics)


def _next(reserve: Sequence[Prompt], sampled: Sequence[Group], wanted: int) -> list[Prompt]:
    """The next problems to sample: as many as should yield the missing groups; none where none is missing."""
    signals = sum(group.has_signal for group in sampled)
    seen = {group.prompt.problem.id for group in sampled}
    fresh = {prompt.problem.id: prompt for prompt in reserve if prompt.problem.id not in seen}
    return list(fresh.values())[: max(0, ceil((wanted - signals) / max(signals / len(sampled), LEAST_YIELD)))]


def _cost(sampled: Sequence[Group], wanted: int) -> dict[str, float]:
    """Metrics of all sampled groups, including those not learned from."""
    totals = [reward.total for group in sampled for reward in group.fresh.rewards if reward.total is not None]
    return {
        "dynamic/groups": float(len(sampled)),
        "dynamic/signal_ratio": sum(group.has_signal for group in sampled) / len(sampled),
        "dynamic/waste_ratio": max(0.0, 1.0 - wanted / len(sampled)),
        "dynamic/reward": sum(totals) / len(totals) if totals else 0.0,
    }
