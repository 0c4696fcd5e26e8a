"""Step time and throughput of a phase: medians over its timings, so that slow first steps do not count."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from statistics import median
from typing import Any, Self


@dataclass(frozen=True, slots=True)
class Pace:
    """Median speed of a phase's steps."""

    steps: int
    seconds: float
    """Per step."""
    tokens_per_second: float
    efficiency: float
    """η: the achieved share of the machine's limit, as a fraction."""

    @classmethod
    def of(cls, timings: Sequence[Mapping[str, Any]]) -> Self | None:
        """Computes the medians from the lines of `RunReader.timings`; None where there are none.

        >>> slow, fast = (dict(step_time=s, tokens_per_second=600 / s, efficiency=3 / s) for s in (20, 10))
        >>> Pace.of([slow, fast, fast])
        Pace(steps=3, seconds=10, tokens_per_second=60.0, efficiency=0.3)
        """
        if not timings:
            return None
        keys = ("step_time", "tokens_per_second", "efficiency")
        return cls(len(timings), *(median(line[key] for line in timings) for key in keys))
