"""Pass rates: rewards as shares of the largest there could be, and what they say of the next rollout."""

from collections.abc import Callable

from whet.types import Group

FullMarks = Callable[[int], float]
"""From a step, counted from 0, to the largest total that a rollout of it can get: weights may change with the steps."""


def shares(group: Group, full_marks: float) -> list[float]:
    """Returns the rewards of what the group's step sampled, as shares of `full_marks` in [0, 1].

    Replayed rollouts, and rewards that do not apply, are left out.
    """
    totals = [reward.total for reward in group.fresh.rewards if reward.total is not None]
    return [min(max(total / full_marks, 0.0), 1.0) for total in totals]


def expected_rate(successes: float, tries: int) -> float:
    """Returns the chance that the next rollout succeeds, by Laplace's rule of succession; ½ before the first try.

    >>> expected_rate(0, 0), expected_rate(3, 8)
    (0.5, 0.4)
    """
    return (successes + 1) / (tries + 2)
