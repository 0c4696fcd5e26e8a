"""Dynamic sampling (DAPO, arXiv:2503.14476, §3.2): a step asks on until its groups have a signal.

A group whose rewards are all equal has no policy gradient. In its place another problem is asked, as long as there is
one left in the step's reserve.
"""

from collections.abc import Sequence
from dataclasses import replace
from math import ceil

from whet.grpo.experience import OnPolicy
from whet.types import Collected, Group, Prompt

LEAST_YIELD = 0.25
"""The share of groups with a signal that a further round hopes for at least."""


class DynamicSampling:
    """Plays `Experience`: draws `rounds` times as many problems as a step needs, and asks the reserve as needed."""

    def __init__(self, inner: OnPolicy, rounds: int) -> None:
        self.inner, self.rounds = inner, rounds

    def collect(self, step: int) -> Collected:
        """As many groups as a step needs: those with a signal first, in the order they were asked; others fill up."""
        wanted = self.inner.config.prompts_per_step
        drawn = self.inner.problems.draw(wanted * self.rounds, step)
        graded = self.inner.ask(drawn[:wanted], step)
        for _ in range(self.rounds - 1):
            more = _next(drawn[wanted:], graded.groups, wanted)
            if not more:
                break
            graded += self.inner.ask(more, step)
        groups = sorted(graded.groups, key=lambda group: not group.has_signal)[:wanted]
        collected = Collected.of(graded)
        metrics = {**collected.metrics, **_cost(graded.groups, wanted)}
        return replace(collected, groups=tuple(groups), metrics=metrics)


def _next(reserve: Sequence[Prompt], sampled: Sequence[Group], wanted: int) -> list[Prompt]:
    """Problems not asked in this step, as many as should give the missing groups; none where none is missing."""
    signals = sum(group.has_signal for group in sampled)
    asked = {group.prompt.problem.id for group in sampled}
    fresh = {prompt.problem.id: prompt for prompt in reserve if prompt.problem.id not in asked}
    return list(fresh.values())[: max(0, ceil((wanted - signals) / max(signals / len(sampled), LEAST_YIELD)))]


def _cost(sampled: Sequence[Group], wanted: int) -> dict[str, float]:
    """Of everything that was sampled, also of what is not learned from."""
    totals = [reward.total for group in sampled for reward in group.fresh.rewards if reward.total is not None]
    return {
        "dynamic/groups": float(len(sampled)),
        "dynamic/signal_ratio": sum(group.has_signal for group in sampled) / len(sampled),
        "dynamic/waste_ratio": max(0.0, 1.0 - wanted / len(sampled)),
        "dynamic/reward": sum(totals) / len(totals) if totals else 0.0,
    }
