"""A mixture of data sources, interleaved in proportion to their weights."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import chain
from math import gcd

from whet.data.endless import LazyProblems
from whet.types import Problem

RESOLUTION = 100
"""Weights are rounded to the nearest hundredth of their sum; each source gets one at least."""


@dataclass(frozen=True)
class Mixture(LazyProblems):
    """Sources interleaved by weight: every block of `len(pattern)` problems has the same number of each.

    It ends with the block in which the last source completes its first pass; smaller sources repeat meanwhile.
    Problem `i` is a function of `i` alone.
    """

    parts: tuple[Sequence[Problem], ...]
    weights: tuple[float, ...]

    @cached_property
    def counts(self) -> tuple[int, ...]:
        """The number of problems of each source in a block.

        >>> Mixture(((), ()), (2.0, 1.0)).counts
        (67, 33)
        """
        whole = sum(self.weights)
        rounded = [max(1, round(RESOLUTION * weight / whole)) for weight in self.weights]
        return tuple(count // gcd(*rounded) for count in rounded)

    @cached_property
    def pattern(self) -> tuple[tuple[int, int], ...]:
        """A block as (source, index of its problem within the block), each source evenly spread."""
        spread = chain.from_iterable(
            (((time + 0.5) / count, part, time) for time in range(count)) for part, count in enumerate(self.counts)
        )
        return tuple((part, time) for _, part, time in sorted(spread))

    def __len__(self) -> int:
        blocks = (-(-len(part) // count) for part, count in zip(self.parts, self.counts, strict=True))  # ceil
        return max(blocks) * len(self.pattern)

    def _at(self, place: int) -> Problem:
        block, within = divmod(place, len(self.pattern))
        which, time = self.pattern[within]
        part = self.parts[which]
        return part[(block * self.counts[which] + time) % len(part)]


def parts_of(problems: Sequence[Problem]) -> Sequence[Sequence[Problem]]:
    """The sources of a mixture; for any other source, that source alone."""
    return problems.parts if isinstance(problems, Mixture) else (problems,)
