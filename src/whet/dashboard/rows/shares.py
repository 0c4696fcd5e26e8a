"""Shares with their intervals, and other small values that several views have in common."""

import math
from collections.abc import Iterable, Sequence
from dataclasses import asdict
from typing import Any

from whet.eval.statistics import PairedDifference, wilson

Row = dict[str, Any]
"""A JSON object."""


def share(right: float | None, n: float | None) -> Row | None:
    """A share with its 95 % interval; None where n is 0 or unknown.

    >>> share(1, 64)["value"], share(0, 0)
    (0.015625, None)
    """
    if not n or right is None:
        return None
    low, high = wilson(right, n)
    return {"value": right / n, "low": low, "high": high, "right": right, "n": n}


def difference(found: PairedDifference) -> Row:
    """A paired difference with its interval and the p-value of its test."""
    return asdict(found)


def finite(value: float | None) -> float | None:
    """`value`, or None where it is no finite number."""
    return value if value is not None and math.isfinite(value) else None


def clipped(text: str, most: int) -> tuple[str, bool]:
    """The first `most` characters of `text`, and whether there are more."""
    return text[:most], len(text) > most


def numbers(values: Iterable[float | None]) -> list[float]:
    """The finite numbers among `values`."""
    return [value for value in values if value is not None and math.isfinite(value)]


def mean(values: Sequence[float]) -> float | None:
    """The mean; None of nothing.

    >>> mean([1.0, 2.0]), mean([])
    (1.5, None)
    """
    return sum(values) / len(values) if values else None
