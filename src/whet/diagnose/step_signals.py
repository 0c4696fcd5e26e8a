"""Fault signals from the metrics of training steps: entropy, KL, length, truncation, gradient norm; higher is worse."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from statistics import fmean, median

from whet.diagnose.causes import EASY
from whet.diagnose.history import LEAST, WIDE, WINDOW, History


@dataclass(frozen=True, slots=True)
class Reading:
    """The current value of a fault signal."""

    figure: float
    words: Mapping[str, str] = field(default_factory=dict)
    """Further placeholders of the detector's sentence."""
    suppressed: bool = False
    """Whether other metrics explain the figure, so that it is no fault."""


def entropy_lost(history: History) -> Reading | None:
    """1 − entropy now / entropy at the start. Suppressed where most problems are solved, which explains low entropy."""
    moved = history["entropy"].change()
    if moved is None or moved.before <= 0:
        return None
    words = {"before": f"{moved.before:.3g}", "now": f"{moved.now:.3g}"}
    return Reading(1 - moved.now / moved.before, words, suppressed=_mastered(history))


def divergence(history: History) -> Reading | None:
    """KL(π_θ ‖ π_ref) in nats per token: the median of the latest steps, since single steps may spike."""
    values = history["kl"].last(LEAST)
    return Reading(median(values)) if len(values) == LEAST else None


def lengthening(history: History) -> Reading | None:
    """Mean completion length now / the least one at which the reward was as high before; 1 where it never was."""
    lengths, rewards = history["completions/mean_length"], history[_main_reward(history)]
    if len(lengths.levels) < 2 or len(lengths.levels) != len(rewards.levels):
        return None
    now, earned = fmean(lengths.last(WINDOW)), fmean(rewards.last(WIDE))
    earlier = zip(lengths.levels[:-1], rewards.levels[:-1], strict=True)
    shortest = min((length for length, reward in earlier if length and reward >= earned), default=now)
    return Reading(now / shortest, {"before": f"{shortest:.0f}", "now": f"{now:.0f}"})


def truncated(history: History) -> Reading | None:
    """Share of truncated completions over the latest steps."""
    return _level(history, "completions/clipped_ratio", 5)


def without_signal(history: History) -> Reading | None:
    """Share of groups whose rewards are all equal, over the latest steps."""
    reward = history["reward"].last(WINDOW)
    words = {"reward": f"{fmean(reward):.3g}"} if reward else {}
    return _level(history, "frac_reward_zero_std", WINDOW, words)


def gradient_jump(history: History) -> Reading | None:
    """The gradient norm / the median of the norms before it, without steps that had no signal (norm 0).

    Suppressed up to the norm at the start of the run: late in training norms are small and uneven.
    """
    gradient = history["grad_norm"]
    *before, now = [norm for norm in gradient.latest if norm > 0] or [0.0]
    if len(before) < 5 or gradient.latest[-1] == 0:
        return None
    usual, at_first = median(before), median([norm for norm in gradient.first if norm > 0] or before)
    return Reading(now / usual, {"now": f"{now:.3g}", "usual": f"{usual:.3g}"}, suppressed=now <= at_first)


def sampler_drift(history: History) -> Reading | None:
    """|log π_θ − log π_old| on tokens just sampled, in nats: the median of the latest steps.

    Steps without a signal (0) are left out. Suppressed where tokens were sampled ahead, by an older policy.
    """
    if any(history["sampler/staleness"].last(WINDOW)):
        return None
    gaps = [gap for gap in history["sampler/logprob_difference_mean"].last(WINDOW) if gap > 0][-LEAST:]
    return Reading(median(gaps)) if len(gaps) == LEAST else None


def _level(history: History, name: str, steps: int, words: Mapping[str, str] | None = None) -> Reading | None:
    """The mean of the latest `steps`; None before half of them are there."""
    values: Sequence[float] = history[name].last(steps)
    return Reading(fmean(values), words or {}) if values and len(values) >= (steps + 1) // 2 else None


def _main_reward(history: History) -> str:
    """The name of the first correctness reward's mean, or `reward` where there is none."""
    return next(iter(history.correctness), "reward")


def _mastered(history: History) -> bool:
    """Whether a correctness reward shows that most problems are solved."""
    return any(fmean(history[name].last(WINDOW)) >= EASY for name in history.correctness)
