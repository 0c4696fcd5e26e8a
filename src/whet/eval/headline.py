"""The first sentence on a result: reasoning gained, layout gained, nothing certain, or something lost.

Strict accuracy counts answers in the place that the format defines, lenient accuracy answers anywhere. A training that
teaches the layout raises the first alone (arXiv:2506.10947), so both are judged, each paired by problem.
"""

from collections.abc import Callable
from dataclasses import dataclass

from whet.eval.comparison import Comparison, p_text, points
from whet.eval.statistics import PairedDifference


@dataclass(frozen=True, slots=True)
class Headline:
    """An outcome of a training: its condition on the (strict, lenient) differences, and its sentence."""

    name: str
    holds: Callable[[PairedDifference, PairedDifference], bool]
    sentence: str
    """`{strict}` and `{lenient}` are the accuracies before and after; `{gain}` and `{change}` the differences."""


HEADLINES: tuple[Headline, ...] = (
    Headline(
        "layout_for_reasoning",
        lambda strict, lenient: strict.difference > 0 > lenient.difference,
        "What was gained is layout: answers in the format's place rose from {strict} ({gain}); right anywhere fell "
        "from {lenient} ({change}).",
    ),
    Headline(
        "worse",
        lambda strict, lenient: strict.high < 0,
        "Accuracy fell: answers in the format's place from {strict} ({gain}); right anywhere from {lenient} "
        "({change}).",
    ),
    Headline(
        "reasoning",
        lambda strict, lenient: strict.low > 0 and lenient.low > 0,
        "More problems are solved: answers in the format's place rose from {strict} ({gain}); right anywhere from "
        "{lenient} ({change}).",
    ),
    Headline(
        "layout",
        lambda strict, lenient: strict.low > 0,
        "What is certain is a gain in layout: answers in the format's place rose from {strict} ({gain}); right "
        "anywhere went from {lenient} ({change}).",
    ),
    Headline(
        "undecided",
        lambda strict, lenient: True,
        "No gain is certain: answers in the format's place went from {strict} ({gain}); right anywhere from {lenient} "
        "({change}).",
    ),
)
"""In this order; the first that holds is the headline."""


def headline(comparison: Comparison) -> str:
    """Returns the sentence on what changed from A to B, with both accuracies and their paired differences."""
    a, b, strict, lenient = comparison.a, comparison.b, comparison.strict, comparison.lenient
    row = next(row for row in HEADLINES if row.holds(strict, lenient))
    return row.sentence.format(
        strict=f"{100 * a.accuracy:.1f} to {100 * b.accuracy:.1f} %",
        lenient=f"{100 * a.lenient_accuracy:.1f} to {100 * b.lenient_accuracy:.1f} %",
        gain=difference_text(strict),
        change=difference_text(lenient),
    )


def difference_text(found: PairedDifference) -> str:
    """Formats a paired difference with its 95 % interval and the p-value of its test.

    >>> difference_text(PairedDifference(0.0875, 0.02, 0.17, fixed=8, broken=1, p_value=0.039, n=80))
    '+8.8 points [+2.0, +17.0], p = 0.04'
    """
    chance = ", may be chance" if found.low <= 0 <= found.high else ""
    interval = f"[{points(found.low)}, {points(found.high)}]"
    return f"{points(found.difference)} points {interval}, {p_text(found.p_value)}{chance}"
