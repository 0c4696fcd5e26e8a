"""Prompt and solution lengths against `max_tokens` and the context window, measured before training."""

from collections.abc import Sequence
from dataclasses import dataclass
from math import ceil

HEADROOM = 1.5
"""A policy that is still exploring writes more than the people who wrote the solutions."""

TOLERATED = 0.01
"""Share of solutions that may be truncated: one in a hundred moves no reward, and a few giants set no limit."""

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
    """Prompts and gold solutions against the limit on a response. All lengths in tokens."""

    max_tokens: int
    prompts: Quantiles
    solutions: Quantiles | None
    """None where the data has no worked solutions."""
    checked: int
    """Gold solutions measured."""
    truncated: int
    """Gold solutions that `max_tokens` would truncate."""
    suggested: int
    """A `max_tokens` that holds 99 of 100 gold solutions, with headroom; never below the present one."""
    context: int | None = None
    """What the model can read and write in all, where it is known."""
    crowded: int = 0
    """Prompts after which `max_tokens` do not fit into the context any more."""

    @property
    def truncated_share(self) -> float:
        """Share of the gold solutions that would be truncated; 0 where there are none."""
        return self.truncated / self.checked if self.checked else 0.0

    @property
    def holds_solutions(self) -> bool:
        """Whether no more solutions are truncated than is tolerated."""
        return self.truncated_share <= TOLERATED


def measure_lengths(
    prompts: Sequence[int], solutions: Sequence[int], max_tokens: int, context: int | None = None
) -> LengthReport:
    """Compares lengths with `max_tokens` and the context window.

    Args:
        prompts: tokens of each prompt.
        solutions: tokens of each worked solution, rendered in the response format, its end token included;
            empty where the data has none.
        max_tokens: the limit on a response.
        context: the limit on prompt and response together.

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
    )


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
