"""η: the efficiency of a step, its least possible time on this machine over its measured time (docs/performance.md)."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from whet.batch import common_prefix
from whet.compute.limit import Lengths, Limit, Shape
from whet.config import ObjectiveConfig
from whet.types import Group

if TYPE_CHECKING:
    from whet.policy.language_model import LanguageModel


class Efficiency:
    """Computes η of a step and of its two large phases."""

    def __init__(self, limit: Limit, objective: ObjectiveConfig, sharers: int = 1) -> None:
        """`limit` is that of one process, of which `sharers` share a step."""
        self.limit, self.objective, self.sharers = limit, objective, sharers

    @classmethod
    def of(cls, policy: "LanguageModel", objective: ObjectiveConfig, sharers: int = 1) -> "Efficiency":
        """Measures the machine that the policy is on and returns the efficiency meter for both."""
        from whet.compute.machine import measure_machine

        machine = measure_machine(policy.device, policy.model.dtype)
        return cls(Limit(Shape.of(policy.model), machine), objective, sharers)

    def __call__(
        self,
        sampled: Sequence[Group],
        groups: Sequence[Group],
        advantages: Sequence[Sequence[float]],
        seconds: Mapping[str, float],
        elapsed: float,
    ) -> dict[str, float]:
        """Returns least seconds / measured seconds, shares of 1, for the step and by phase.

        `groups` are what of the `sampled` ones is learned from. `seconds` are those spent in `rollout`, `grade` and
        `reference`; the rest of `elapsed` counts as learning. A phase without work is left out.
        """
        least = self._least(sampled, groups, advantages)
        spent = {**seconds, "learn": elapsed - sum(seconds.values())}
        phases = [name for name in ("rollout", "learn") if least[name] and spent.get(name, 0.0) > 0]
        return {
            "efficiency": sum(least.values()) / elapsed,
            **{f"efficiency/{name}": least[name] / spent[name] for name in phases},
        }

    def _least(
        self, sampled: Sequence[Group], groups: Sequence[Group], advantages: Sequence[Sequence[float]]
    ) -> dict[str, float]:
        """Least seconds by phase, of a process that has an equal share.

        Groups without a signal need no learner, unless the loss has a KL term or an entropy bonus.
        """
        common = common_prefix([group.prompt.tokens for group in sampled])
        limit, compared = replace(self.limit, common=common), self.objective.beta > 0
        held = (compared and self.objective.kl_in == "loss") or self.objective.entropy_bonus > 0
        drawn, kept = ([_lengths(group) for group in some] for some in (sampled, groups))
        learned = [some for some, row in zip(kept, advantages, strict=True) if held or any(row)]
        one_pass = limit.learn(learned) + limit.optimizer() if learned else 0.0
        seconds = {
            "rollout": limit.prefill(drawn) + limit.decode(drawn),
            "reference": limit.reference(kept) if compared else 0.0,
            "learn": self.objective.iterations * one_pass,
        }
        return {name: spent / self.sharers for name, spent in seconds.items()}


def _lengths(group: Group) -> Lengths:
    return Lengths(len(group.prompt.tokens), tuple(len(rollout.tokens) for rollout in group.rollouts))
