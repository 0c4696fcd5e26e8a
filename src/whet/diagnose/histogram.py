"""Histograms of what the check measured, with bins of round widths."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from math import floor, log10
from typing import Any

BINS = 20
"""Bins at most."""


@dataclass(frozen=True, slots=True)
class Histogram:
    """Counts of values by bin: bin i holds values from `edges[i]`, included, to `edges[i + 1]`, excluded."""

    name: str
    title: str
    edges: tuple[float, ...]
    """One more than there are bins."""
    counts: tuple[int, ...]
    lines: tuple[tuple[float, str], ...] = ()
    """Values to mark, such as a limit, with their names."""

    def as_dict(self) -> dict[str, Any]:
        """The histogram as a JSON-serialisable dict; lines are objects with `at` and `text`."""
        return asdict(self) | {"lines": [{"at": at, "text": text} for at, text in self.lines]}


def histogram(
    name: str, title: str, values: Sequence[float], least: float = 0.0, lines: Sequence[tuple[float, str]] = ()
) -> Histogram | None:
    """Counts `values` in at most `BINS` bins of a round width, at least `least`; None where there are none.

    A width is 1, 2 or 5 times a power of ten, and edges are multiples of it.

    >>> found = histogram("n", "numbers", [0, 1, 1, 3], least=1)
    >>> found.edges, found.counts
    ((0, 1, 2, 3, 4), (1, 2, 0, 1))
    """
    if not values:
        return None
    low, high = min(values), max(values)
    width = max(least, _round_width((high - low) / (BINS - 1)))
    first = floor(low / width + 1e-9)
    last = floor(high / width + 1e-9)
    counts = [0] * (last - first + 1)
    for value in values:
        counts[floor(value / width + 1e-9) - first] += 1
    edges = tuple(_plain(number * width) for number in range(first, last + 2))
    return Histogram(name, title, edges, tuple(counts), tuple(lines))


def _round_width(least: float) -> float:
    """The smallest of 1, 2, 5, 10, 20, … and their parts of ten that is not below `least`; 1 for 0."""
    if least <= 0:
        return 1.0
    power = 10.0 ** floor(log10(least))
    return next(step * power for step in (1, 2, 5, 10, 20) if step * power >= least * (1 - 1e-9))


def _plain(value: float) -> float:
    """`value` without the noise of binary fractions; whole numbers as such."""
    tidy = round(value, 10)
    return int(tidy) if tidy == int(tidy) else tidy
