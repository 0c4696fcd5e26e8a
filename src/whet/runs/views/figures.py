"""Formats metrics for people: labels, units, durations, sparklines."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import pairwise

from whet.text import percent

number = "{:.3g}".format
"""Three significant digits."""
fixed = "{:.2f}".format
"""Two decimals, so that a changing value keeps its width."""
count = "{:,.0f}".format
"""A whole number."""


def duration(seconds: float) -> str:
    """Formats seconds as minutes and seconds, with hours where there are any.

    >>> duration(100), duration(3723), duration(0.4)
    ('1:40', '1:02:03', '0:00')
    """
    minutes, rest = divmod(int(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02d}:{rest:02d}" if hours else f"{minutes}:{rest:02d}"


@dataclass(frozen=True, slots=True)
class Figure:
    """How one metric is shown."""

    label: str
    show: Callable[[float], str] = number
    plain: str = "{label} {value}"
    """Its template in a plain line."""


FIGURES = {
    "reward": Figure("reward", fixed),
    "accuracy": Figure("accuracy", percent),
    "signal": Figure("signal", percent),
    "format": Figure("format", percent),
    "loss": Figure("loss"),
    "held_out_loss": Figure("held-out loss"),
    "kl": Figure("kl"),
    "mean_length": Figure("length", count),
    "truncated": Figure("truncated", percent),
    "tokens_per_second": Figure("tokens/s", count, plain="{value} tok/s"),
    "efficiency": Figure("of the limit", percent, plain="{value} of the limit"),
}
"""Known metrics, in the order they are shown; any other comes after these under its own name."""

HEADLINES = ("reward", "accuracy", "held_out_loss", "loss")
"""The first of these that a phase reports is drawn as a sparkline."""


def figure(key: str) -> Figure:
    """Returns how the metric `key` is shown.

    >>> figure("grad_norm").label
    'grad norm'
    """
    return FIGURES.get(key) or Figure(key.replace("_", " "))


def in_order(keys: Sequence[str]) -> list[str]:
    """Sorts `keys` as they are shown: those of `FIGURES` first, in its order, then the others in the given order."""
    return [key for key in FIGURES if key in keys] + [key for key in keys if key not in FIGURES]


BARS = "▁▂▃▄▅▆▇█"


def sparkline(values: Sequence[float], width: int) -> str:
    """Draws `values` as a sparkline of at most `width` characters; where there are more, neighbours are averaged.

    >>> sparkline([0, 1, 2, 3, 4, 5, 6, 7], 8), sparkline([0, 0, 1, 1], 2), sparkline([3, 3], 8)
    ('▁▂▃▄▅▆▇█', '▁█', '▄▄')
    """
    means = [sum(part) / len(part) for part in _parts(values, width)]
    if not means:
        return ""
    low, high = min(means), max(means)
    if high == low:
        return BARS[3] * len(means)
    return "".join(BARS[round((mean - low) / (high - low) * (len(BARS) - 1))] for mean in means)


def _parts(values: Sequence[float], width: int) -> list[Sequence[float]]:
    """Splits `values` into at most `width` runs whose lengths differ by at most one."""
    parts = min(width, len(values))
    edges = [index * len(values) // parts for index in range(parts + 1)] if parts else [0]
    return [values[start:end] for start, end in pairwise(edges)]
