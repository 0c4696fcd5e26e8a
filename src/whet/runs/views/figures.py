"""Figures as people read them: labels, units, durations, a curve in one line of text."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import pairwise

from whet.text import percent

number = "{:.3g}".format
"""Three significant digits."""
fixed = "{:.2f}".format
"""Two decimals, so that a figure that moves keeps its width."""
count = "{:,.0f}".format
"""A whole number."""


def duration(seconds: float) -> str:
    """Minutes and seconds, with hours where there are any.

    >>> duration(100), duration(3723), duration(0.4)
    ('1:40', '1:02:03', '0:00')
    """
    minutes, rest = divmod(int(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02d}:{rest:02d}" if hours else f"{minutes}:{rest:02d}"


@dataclass(frozen=True, slots=True)
class Figure:
    """How one figure is shown."""

    label: str
    show: Callable[[float], str] = number
    plain: str = "{label} {value}"
    """How it reads in a line of text."""


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
"""What views know, in the order it is shown; any other figure comes after these under its own name."""

HEADLINES = ("reward", "accuracy", "held_out_loss", "loss")
"""The first of these that a phase reports is drawn as a curve."""


def figure(key: str) -> Figure:
    """How the figure called `key` is shown.

    >>> figure("grad_norm").label
    'grad norm'
    """
    return FIGURES.get(key) or Figure(key.replace("_", " "))


def in_order(keys: Sequence[str]) -> list[str]:
    """`keys` as they are shown: those that views know first, in their order, then the others in theirs."""
    return [key for key in FIGURES if key in keys] + [key for key in keys if key not in FIGURES]


BARS = "▁▂▃▄▅▆▇█"


def sparkline(values: Sequence[float], width: int) -> str:
    """The curve of `values` in at most `width` characters; where there are more, neighbours are averaged.

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
    """`values` cut into at most `width` runs of nearly equal length."""
    pieces = min(width, len(values))
    edges = [index * len(values) // pieces for index in range(pieces + 1)] if pieces else [0]
    return [values[start:end] for start, end in pairwise(edges)]
