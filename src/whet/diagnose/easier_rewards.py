"""Easier auxiliary rewards for a cold start, and which of them would give a signal by the probe.

A reward that no response earns teaches nothing (docs/diagnosis.md, `no_signal`). Beside it goes one for a part of what
it asks: any mark of the layout, or a right answer wherever it stands. What the probe's own responses show no difference
in is no fix.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from whet.config import RewardConfig, WeightConfig
from whet.diagnose.probe import Probe
from whet.diagnose.signal import SCARCE


@dataclass(frozen=True, slots=True)
class Easier:
    """A reward for a part of what a strict one asks."""

    says: str
    """What it is, in a sentence."""
    signal: Callable[[Probe], float]
    """The share of groups that it is expected to tell apart."""
    reward: Callable[[float, int], RewardConfig]
    """From its weight and the number of GRPO steps to how a recipe has it."""


def _any_mark(weight: float, steps: int) -> RewardConfig:
    """It makes way over the first half of the run: one tag of each kind anywhere would earn it for good."""
    return RewardConfig(name="format_partial", weight=WeightConfig(start=weight, end=0.0, steps=max(1, steps // 2)))


def _anywhere(weight: float, steps: int) -> RewardConfig:
    """It stays: a right answer in its place earns it too, and the strict reward on top."""
    return RewardConfig(name="accuracy", weight=weight, params={"lenient": True})


EASIER_REWARDS: Mapping[str, Easier] = {
    "any_mark": Easier("a falling reward for any mark of the layout", lambda probe: probe.marked, _any_mark),
    "anywhere": Easier("a reward for right answers wherever they stand", lambda probe: probe.found, _anywhere),
}
"""What leads to the layout comes first."""


def easier_reward_for(probe: Probe) -> str:
    """The first of `EASIER_REWARDS` that would tell enough groups apart to learn from; empty where none would."""
    return next((name for name, easier in EASIER_REWARDS.items() if easier.signal(probe) >= SCARCE), "")
