"""Easier auxiliary rewards for a cold start, and which of them would give a signal according to the probe.

A reward that no completion earns teaches nothing (docs/diagnosis.md, `no_signal`). An auxiliary one pays for part of
it: any tag of the layout, or a right answer anywhere. It is no fix where the probe's completions do not differ in it.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from whet.config import RewardConfig, WeightConfig
from whet.diagnose.probe import Probe
from whet.diagnose.signal import SCARCE


@dataclass(frozen=True, slots=True)
class Easier:
    """A reward for a part of what a strict one requires."""

    says: str
    """Its description."""
    signal: Callable[[Probe], float]
    """The share of groups within which it is expected to differ."""
    reward: Callable[[float, int], RewardConfig]
    """(weight, number of GRPO steps) → its config in a recipe."""


def _any_mark(weight: float, steps: int) -> RewardConfig:
    """Its weight falls to 0 over the first half of the run, since any layout with one tag of each kind earns it."""
    return RewardConfig(name="format_partial", weight=WeightConfig(start=weight, end=0.0, steps=max(1, steps // 2)))


def _anywhere(weight: float, steps: int) -> RewardConfig:
    """Its weight is constant: a right answer in its place earns it too, and the strict reward on top."""
    return RewardConfig(name="accuracy", weight=weight, params={"lenient": True})


EASIER_REWARDS: Mapping[str, Easier] = {
    "any_mark": Easier("a falling reward for any mark of the layout", lambda probe: probe.marked, _any_mark),
    "anywhere": Easier("a reward for right answers wherever they stand", lambda probe: probe.found, _anywhere),
}
"""Easier rewards by priority: those for the layout first."""


def easier_reward_for(probe: Probe) -> str:
    """The first of `EASIER_REWARDS` that differs within at least `SCARCE` of groups; empty where none does."""
    return next((name for name, easier in EASIER_REWARDS.items() if easier.signal(probe) >= SCARCE), "")
