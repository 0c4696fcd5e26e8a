"""A plan: what a run is expected to take, by phase and by part."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class PlannedPhase:
    """A phase of the run."""

    name: str
    """As the run's view calls it."""
    seconds: float
    detail: str = ""
    """What is done how often."""


@dataclass(frozen=True, slots=True)
class RunPlan:
    """What a run of a recipe is expected to take."""

    device: str
    calibrated: bool
    """Whether it was measured here, or computed from a card's data."""
    phases: tuple[PlannedPhase, ...]
    memory: Mapping[str, float]
    """Bytes by part, at the peak."""
    memory_free: float
    """Bytes that the device has free."""
    sampled_tokens: float
    learned_tokens: float
    disk: Mapping[str, float]
    """Bytes by part."""
    notes: tuple[str, ...] = ()

    @property
    def seconds(self) -> float:
        """Of the whole run."""
        return sum(phase.seconds for phase in self.phases)

    @property
    def memory_peak(self) -> float:
        """Bytes."""
        return sum(self.memory.values())

    @property
    def disk_bytes(self) -> float:
        """Bytes of the run folder."""
        return sum(self.disk.values())

    def cost(self, price_per_hour: float) -> float:
        """Returns what the run costs, in the price's currency.

        >>> RunPlan("a card", True, (PlannedPhase("GRPO", 1800.0),), {}, 0, 0, 0, {}).cost(3.0)
        1.5
        """
        return self.seconds / 3600 * price_per_hour

    def as_dict(self) -> dict[str, Any]:
        """The plan as JSON."""
        return {
            "device": self.device,
            "calibrated": self.calibrated,
            "seconds": self.seconds,
            "phases": {phase.name: phase.seconds for phase in self.phases},
            "memory_peak": self.memory_peak,
            "memory": dict(self.memory),
            "memory_free": self.memory_free,
            "sampled_tokens": self.sampled_tokens,
            "learned_tokens": self.learned_tokens,
            "disk": dict(self.disk),
            "notes": list(self.notes),
        }
