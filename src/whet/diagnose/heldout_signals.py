"""Fault signals from held-out evaluations: accuracy against reward, strict against lenient; higher is worse."""

from math import sqrt

from whet.diagnose.causes import ENOUGH
from whet.diagnose.history import NOISE, WIDE, HeldOut, History
from whet.diagnose.step_signals import Reading
from whet.text import percent

MIN_RISE = 0.08
"""The least rise of a correctness reward that counts as improvement."""


def accuracy_lost(history: History) -> Reading | None:
    """The fall of held-out accuracy from its best, in standard errors. Suppressed while the reward did not rise.

    The problems are the same each time, so the standard error for independent samples is conservative.
    """
    if len(history.held_out) < 2:
        return None
    *earlier, now = history.held_out
    best = max(earlier, key=lambda held_out: held_out.figures["accuracy"])
    reward = history.reward_change(best)
    if reward is None:
        return None
    words = {
        "best": percent(best.figures["accuracy"]),
        "now": percent(now.figures["accuracy"]),
        "reward_before": f"{reward.before:.2f}",
        "reward_now": f"{reward.now:.2f}",
    }
    return Reading(-_gain(best, now, "accuracy"), words, suppressed=not reward.rose())


def layout_share(history: History) -> Reading | None:
    """The share of the gain in accuracy that is not in lenient accuracy, and so is due to layout.

    Suppressed while accuracy has not risen by more than noise.
    """
    if len(history.held_out) < 2:
        return None
    first, now = history.held_out[0], history.held_out[-1]
    strict, lenient = (now.figures[name] - first.figures[name] for name in ("accuracy", "lenient_accuracy"))
    words = {
        name: f"{percent(first.figures[figure])} to {percent(now.figures[figure])}"
        for name, figure in (("strict", "accuracy"), ("lenient", "lenient_accuracy"), ("kept", "format_rate"))
    }
    gained = _gain(first, now, "accuracy") >= NOISE
    return Reading(1 - lenient / strict if strict > 0 else 0.0, words, suppressed=not gained)


def layout_alone(history: History) -> Reading | None:
    """The rise of the format rate since the first evaluation.

    Suppressed where correctness rose as well: lenient held-out accuracy by a standard error, or a correctness reward
    by `MIN_RISE`.
    """
    if len(history.held_out) < 2:
        return None
    first, now = history.held_out[0], history.held_out[-1]
    words = {
        name: f"{percent(first.figures[figure])} to {percent(now.figures[figure])}"
        for name, figure in (("kept", "format_rate"), ("right", "lenient_accuracy"))
    }
    moves = (history[name].change(WIDE) for name in history.correctness)
    paid = any(moved.now - moved.before >= MIN_RISE for moved in moves if moved)
    figure = now.figures["format_rate"] - first.figures["format_rate"]
    return Reading(figure, words, suppressed=paid or _gain(first, now, "lenient_accuracy") >= 1)


def unrecognised(history: History) -> Reading | None:
    """A lower bound on the share of leniently right completions that keep the layout yet are graded wrong.

    All completions that break the layout are assumed to be right: the rest is not the layout's fault. Suppressed
    where it is fewer than `ENOUGH` completions.
    """
    if not history.held_out:
        return None
    figures = history.held_out[-1].figures
    lenient, kept = figures["lenient_accuracy"], figures["format_rate"]
    rejected = max(0.0, lenient - figures["accuracy"] - (1 - kept))
    words = {"strict": percent(figures["accuracy"]), "lenient": percent(lenient), "kept": percent(kept)}
    return Reading(rejected / lenient if lenient else 0.0, words, suppressed=rejected * figures["problems"] < ENOUGH)


def _gain(before: HeldOut, now: HeldOut, name: str) -> float:
    """The gain in a share, in standard errors of the difference of two shares (pooled)."""
    n, m = before.figures["problems"], now.figures["problems"]
    p, q = before.figures[name], now.figures[name]
    pooled = (p * n + q * m) / (n + m)
    error = sqrt(pooled * (1 - pooled) * (1 / n + 1 / m))
    return (q - p) / error if error else 0.0
