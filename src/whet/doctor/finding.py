"""One thing that was looked at on this machine."""

from dataclasses import asdict, dataclass, field
from typing import Any, Literal

State = Literal["ok", "note", "fault"]
"""Works · works, or is absent, with a consequence · does not work and should."""


@dataclass(frozen=True, slots=True)
class Finding:
    """What was found, and the fix where it does not work."""

    topic: str
    """The section it belongs to: `machine`, `libraries` …"""
    name: str
    value: str
    """For people, on one line."""
    state: State = "ok"
    fix: str | None = None
    figures: dict[str, Any] = field(default_factory=dict)
    """For programs: numbers in SI units, JSON-serialisable."""

    def as_dict(self) -> dict[str, Any]:
        """The finding as JSON."""
        return asdict(self)
