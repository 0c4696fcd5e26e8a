"""Compares prompt and solution lengths with `max_tokens` and the context window, before training."""

from collections.abc import Sequence
from dataclasses import dataclass
from math import ceil

from whet.diagnose.histogram import Histogram, histogram

HEADROOM = 1.5
"""Suggested limit / 95th percentile of solutions: an exploring policy writes more than their authors."""

TOLERATED = 0.01
"""The tolerated share of truncated solutions, so that a few outliers do not set the limit."""

STEP = 8
"""Suggested limits are multiples of this."""


@dataclass(frozen=True, slots=True)
class Quantiles:
    """Median, 95th percentile and maximum of lengths, in tokens (nearest rank)."""

    median: int
    p95: int
    longest: int


@dataclass(frozen=True, slots=True)
class LengthReport:
    """Lengths of prompts and gold solutions, and the limit on a completion, in tokens."""

    max_tokens: int
    prompts: Quantiles
    solutions: Quantiles | None
    """None where the data has no worked solutions."""
    checked: int
    """The number of gold solutions measured."""
    truncated: int
    """Gold solutions that `max_tokens` would truncate."""
    suggested: int
    """A `max_tokens` that fits 99 of 100 gold solutions, with headroom; never below the present one."""
    context: int | None = None
    """The context length of the model, where known."""
    crowded: int = 0
    """The number of prompts after which `max_tokens` do not fit into the context."""
    histograms: tuple[Histogram, ...] = ()
    """Of the tokens of prompts and of solutions."""

    @property
    def truncated_share(self) -> float:
        """Share of the gold solutions that would be truncated; 0 where there are none."""
        return self.truncated / self.checked if self.checked else 0.0

    @property
    def most(self) -> int | None:
        """The largest `max_tokens` that the context leaves behind the longest prompt; None where it is not known."""
        return self.context - self.prompts.longest if self.context else None

    @property
    def holds_solutions(self) -> bool:
        """Whether the share of truncated solutions is at most `TOLERATED`."""
        return self.truncated_share <= TOLERATED


def measure_lengths(
    prompts: Sequence[int], solutions: Sequence[int], max_tokens: int, context: int | None = None
) -> LengthReport:
    """Compares lengths with `max_tokens` and the context window.

    Args:
        prompts: tokens of each prompt.
        solutions: tokens of each worked solution, rendered in the response format, its end token included;
            empty where the data has none.
        max_tokens: the limit on a completion.
        context: the limit on prompt and completion together.

    Raises:
        ValueError: there are no prompts.
    """
    return LengthReport(
        max_tokens=max_tokens,
        prompts=quantiles(prompts),
        solutions=quantiles(solutions) if solutions else None,
        checked=len(solutions),
        truncated=sum(length > max_tokens for length in solutions),
        suggested=max(max_tokens, _room_for(solutions)),
        context=context,
        crowded=sum(length + max_tokens > context for length in prompts) if context else 0,
        histograms=_histograms(prompts, solutions, max_tokens),
    )


def _histograms(prompts: Sequence[int], solutions: Sequence[int], max_tokens: int) -> tuple[Histogram, ...]:
    limit = [(max_tokens, "max_tokens")]
    found = (
        histogram("prompt_tokens", "prompt tokens", prompts, least=1),
        histogram("solution_tokens", "solution tokens", solutions, least=1, lines=limit),
    )
    return tuple(one for one in found if one)


def quantiles(lengths: Sequence[int]) -> Quantiles:
    """Median, 95th percentile and maximum.

    >>> quantiles([5, 1, 3, 2, 4])
    Quantiles(median=3, p95=5, longest=5)

    Raises:
        ValueError: there are no lengths.
    """
    if not lengths:
        raise ValueError("there are no lengths to measure")
    return Quantiles(_rank(lengths, 0.5), _rank(lengths, 0.95), max(lengths))


def _room_for(solutions: Sequence[int]) -> int:
    if not solutions:
        return 0
    room = max(_rank(solutions, 1 - TOLERATED), HEADROOM * _rank(solutions, 0.95))
    return STEP * ceil(room / STEP)


def _rank(lengths: Sequence[int], share: float) -> int:
    """The smallest length that at least this share of them do not exceed."""
    return sorted(lengths)[max(0, ceil(share * len(lengths)) - 1)]
