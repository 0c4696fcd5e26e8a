"""Min/max downsampling of a curve: no peak is lost, and no more points are sent than a screen can show."""

import math
from collections.abc import Iterator, Sequence
from itertools import pairwise

MOST = 1200
"""Points of a series at most."""

Points = tuple[list[int], list[float | None]]
"""Steps and values of a curve."""


def downsample(steps: Sequence[int], values: Sequence[float], most: int = MOST) -> Points:
    """Returns at most `most` points: of each of most/2 equal runs of steps the least and the greatest, in order.

    NaN is None in the result; a run of nothing but NaN gives one None.
    """
    if len(steps) <= max(2, most):
        return list(steps), [None if math.isnan(value) else value for value in values]
    kept = [at for start, end in parts(len(steps), max(1, most // 2)) for at in _extremes(values, start, end)]
    return [steps[at] for at in kept], [None if math.isnan(values[at]) else values[at] for at in kept]


def parts(count: int, most: int) -> Iterator[tuple[int, int]]:
    """Splits `count` places into at most `most` runs whose lengths differ by at most one: start, end (excluded)."""
    number = min(count, most)
    yield from pairwise(index * count // number for index in range(number + 1)) if number else ()


def _extremes(values: Sequence[float], start: int, end: int) -> Iterator[int]:
    """The places of the least and the greatest value, in order; one place where they are the same."""
    part = values[start:end]
    total = sum(part)
    if math.isnan(total):  # NaN somewhere, or infinities of both signs
        there = [at for at in range(start, end) if not math.isnan(values[at])]
        if not there:
            yield start
            return
        low, high = min(there, key=values.__getitem__), max(there, key=values.__getitem__)
    else:
        low, high = start + part.index(min(part)), start + part.index(max(part))
    yield min(low, high)
    if low != high:
        yield max(low, high)
