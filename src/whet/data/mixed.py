"""Several sources as one, drawn in proportion to their weights: a mixture is itself a source."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import chain
from math import gcd

from whet.data.endless import LazyProblems
from whet.types import Problem

RESOLUTION = 100
"""Weights count to the nearest hundredth of the whole; each source gets one at least."""


@dataclass(frozen=True)
class Mixture(LazyProblems):
    """Sources interleaved by weight: every block of `len(pattern)` problems has the same number of each.

    It is as long as its sources need until each problem of each was there; those of a smaller source come round
    again meanwhile. Problem `i` is a function of `i` alone.
    """

    parts: tuple[Sequence[Problem], ...]
    weights: tuple[float, ...]

    @cached_property
    def counts(self) -> tuple[int, ...]:
        """How many problems of each source a block has.

        >>> Mixture(((), ()), (2.0, 1.0)).counts
        (67, 33)
        """
        whole = sum(self.weights)
        rounded = [max(1, round(RESOLUTION * weight / whole)) for weight in self.weights]
        return tuple(count // gcd(*rounded) for count in rounded)

    @cached_property
    def pattern(self) -> tuple[tuple[int, int], ...]:
        """A block: which source each place takes, and for the how-manieth time; evenly spread."""
        spread = chain.from_iterable(
            (((time + 0.5) / count, part, time) for time in range(count)) for part, count in enumerate(self.counts)
        )
        return tuple((part, time) for _, part, time in sorted(spread))

    def __len__(self) -> int:
        blocks = (-(-len(part) // count) for part, count in zip(self.parts, self.counts, strict=True))
        return max(blocks) * len(self.pattern)

    def _at(self, place: int) -> Problem:
        block, within = divmod(place, len(self.pattern))
        which, time = self.pattern[within]
        part = self.parts[which]
        return part[(block * self.counts[which] + time) % len(part)]


def parts_of(problems: Sequence[Problem]) -> Sequence[Sequence[Problem]]:
    """The sources of a mixture; any other source is its own only part."""
    return problems.parts if isinstance(problems, Mixture) else (problems,)
