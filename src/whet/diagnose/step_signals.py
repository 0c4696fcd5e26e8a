"""Fault signals from the metrics of training steps: entropy, KL, length, truncation, gradient norm; higher is worse."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from statistics import fmean, median

from whet.diagnose.causes import EASY
from whet.diagnose.history import LEAST, WIDE, WINDOW, History


@dataclass(frozen=True, slots=True)
class Reading:
    """The value of a fault signal now."""

    figure: float
    words: Mapping[str, str] = field(default_factory=dict)
    """What else the detector's sentence names."""
    suppressed: bool = False
    """Whether something else about the run explains the figure, so that it is no fault."""


def entropy_lost(history: History) -> Reading | None:
    """1 − entropy now / entropy at the start. Suppressed where problems are solved: there
    low entropy is no fault."""
    moved = history["entropy"].change()
    if moved is None or moved.before <= 0:
        return None
    words = {"before": f"{moved.before:.3g}", "now": f"{moved.now:.3g}"}
    return Reading(1 - moved.now / moved.before, words, suppressed=_mastered(history))


def divergence(history: History) -> Reading | None:
    """KL(π_θ ‖ π_ref) in nats per token: the median of the latest steps, for single steps jump and do no harm."""
    values = history["kl"].last(LEAST)
    return Reading(median(values)) if len(values) == LEAST else None


def lengthening(history: History) -> Reading | None:
    """Mean response length now / the shortest at which the reward once was as high; 1 where it never was before."""
    lengths, rewards = history["completions/mean_length"], history[_what_counts(history)]
    if len(lengths.levels) < 2 or len(lengths.levels) != len(rewards.levels):
        return None
    now, earned = fmean(lengths.last(WINDOW)), fmean(rewards.last(WIDE))
    earlier = zip(lengths.levels[:-1], rewards.levels[:-1], strict=True)
    shortest = min((length for length, reward in earlier if length and reward >= earned), default=now)
    return Reading(now / shortest, {"before": f"{shortest:.0f}", "now": f"{now:.0f}"})


def truncated(history: History) -> Reading | None:
    """Share of responses that ran out of tokens, over the latest steps."""
    return _level(history, "completions/clipped_ratio", 5)


def without_signal(history: History) -> Reading | None:
    """Share of groups whose rewards are all equal, over the latest steps."""
    reward = history["reward"].last(WINDOW)
    words = {"reward": f"{fmean(reward):.3g}"} if reward else {}
    return _level(history, "frac_reward_zero_std", WINDOW, words)


def gradient_jump(history: History) -> Reading | None:
    """The gradient's norm / the median of the norms before it. Steps without a signal (0) tell nothing.

    Suppressed up to the norm that the run began with: where nearly all is learned, norms are small and uneven.
    """
    gradient = history["grad_norm"]
    *before, now = [norm for norm in gradient.latest if norm > 0] or [0.0]
    if len(before) < 5 or gradient.latest[-1] == 0:
        return None
    usual, at_first = median(before), median([norm for norm in gradient.first if norm > 0] or before)
    return Reading(now / usual, {"now": f"{now:.3g}", "usual": f"{usual:.3g}"}, suppressed=now <= at_first)


def sampler_drift(history: History) -> Reading | None:
    """|log π_θ − log π_old| on tokens just sampled, in nats: the median of the latest steps.

    Steps without a signal (0) tell nothing.
    """
    gaps = [gap for gap in history["sampler/logprob_difference_mean"].last(WINDOW) if gap > 0][-LEAST:]
    return Reading(median(gaps)) if len(gaps) == LEAST else None


def _level(history: History, name: str, steps: int, words: Mapping[str, str] | None = None) -> Reading | None:
    """The mean of the latest `steps`; None before half of them are there."""
    values: Sequence[float] = history[name].last(steps)
    return Reading(fmean(values), words or {}) if values and len(values) >= (steps + 1) // 2 else None


def _what_counts(history: History) -> str:
    """The reward for being right where there is one, and the whole reward where there is none."""
    return next(iter(history.correctness), "reward")


def _mastered(history: History) -> bool:
    """Whether a reward for being right says that most problems are solved."""
    return any(fmean(history[name].last(WINDOW)) >= EASY for name in history.correctness)
