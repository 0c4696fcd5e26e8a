"""Dynamic sampling (DAPO, arXiv:2503.14476, §3.2): a step asks on until its groups have a signal.

A group whose rewards are all equal has no policy gradient. In its place another problem is asked, as long as there is
one left in the step's reserve.
"""

from collections.abc import Mapping, Sequence
from math import ceil

from whet.protocols import Grader, Problems, Sampler
from whet.types import Group, Outputs, Prompt

LEAST_YIELD = 0.25
"""The share of groups with a signal that a further round hopes for at least."""


class DynamicSampling:
    """Plays `Problems` and `Grader`: draws `rounds` times as many problems as a step asks for, and keeps the rest back.

    `metrics` says what the last step cost.
    """

    def __init__(self, problems: Problems, sampler: Sampler, grader: Grader, rounds: int) -> None:
        self.problems, self.sampler, self.grader, self.rounds = problems, sampler, grader, rounds
        self.metrics: Mapping[str, float] = {}

    def draw(self, count: int, step: int) -> list[Prompt]:
        """The first `count` of what the step may ask; the others stay in reserve."""
        drawn = self.problems.draw(count * self.rounds, step)
        self.step, self.reserve = step, drawn[count:]
        return drawn[:count]

    def grade(self, prompts: Sequence[Prompt], outputs: Outputs) -> list[Group]:
        """As many groups as prompts: those with a signal first, in the order they were asked; the rest fill up."""
        wanted, size = len(prompts), len(outputs[0])
        sampled = self.grader.grade(prompts, outputs)
        for _ in range(self.rounds - 1):
            missing = wanted - sum(group.has_signal for group in sampled)
            more = self._next(sampled, missing)
            if not more:
                break
            sampled += self.grader.grade(more, self.sampler.sample(more, size, self.step))
        self.metrics = _cost(sampled, wanted)
        return sorted(sampled, key=lambda group: not group.has_signal)[:wanted]

    def _next(self, sampled: Sequence[Group], missing: int) -> list[Prompt]:
        """Problems not asked in this step, as many as should give the missing groups; none where none is missing."""
        share = sum(group.has_signal for group in sampled) / len(sampled)
        asked = {group.prompt.problem.id for group in sampled}
        fresh = {p.problem.id: p for p in self.reserve if p.problem.id not in asked}
        return list(fresh.values())[: max(0, ceil(missing / max(share, LEAST_YIELD)))]


def _cost(sampled: Sequence[Group], wanted: int) -> dict[str, float]:
    """Of everything that was sampled, also of what is not learned from."""
    totals = [reward.total for group in sampled for reward in group.fresh.rewards if reward.total is not None]
    return {
        "dynamic/groups": float(len(sampled)),
        "dynamic/signal_ratio": sum(group.has_signal for group in sampled) / len(sampled),
        "dynamic/waste_ratio": max(0.0, 1.0 - wanted / len(sampled)),
        "dynamic/reward": sum(totals) / len(totals) if totals else 0.0,
    }
