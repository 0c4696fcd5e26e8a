"""Estimates the share of groups with a learning signal: those with both right and wrong answers.

With the group's mean as baseline (arXiv:2402.03300, §4.1.2) a group of equal rewards has zero advantages. DAPO
(arXiv:2503.14476, §3.2) samples until enough groups differ; here the share is predicted.
"""

from collections.abc import Sequence
from math import comb, fsum, prod
from statistics import fmean

SCARCE = 0.25
"""The least share of groups with a signal: below it, dynamic sampling (arXiv:2503.14476, §3.2) would draw more than
four groups for each one that it keeps."""


def signal_share(p: float, size: int) -> float:
    """The probability that a group of `size` has both right and wrong answers, each right with probability `p`.

    1 − (p^G + (1−p)^G)

    >>> signal_share(0.5, 2)
    0.5
    """
    return 1.0 - (p**size + (1.0 - p) ** size)


def group_size_for(p: float, above: int = 1, share: float = SCARCE, largest: int = 64) -> int | None:
    """The smallest power of two at which `share` of the groups have both right and wrong answers.

    It is larger than `above`; None if no size up to `largest` suffices.

    >>> group_size_for(0.02)
    16
    """
    sizes = (2**power for power in range(1, largest.bit_length()))
    return next((size for size in sizes if size > above and signal_share(p, size) >= share), None)


def expected_signal(right: Sequence[int], samples: int, size: int) -> float:
    """The expected share of groups of `size` with both right and wrong answers.

    Up to `size = samples` it is the unbiased estimate, 1 − [C(c, G) + C(k−c, G)] / C(k, G) for c right of k.
    Beyond, difficulty follows a Beta distribution fitted to the counts by moments (Skellam 1948), so that
    problems which are always or never solved stay so in larger groups.

    Args:
        right: c, the number of right answers, of each problem.
        samples: k, the number of answers per problem.
        size: G, the group size to predict for.

    Raises:
        ValueError: there are no problems.
    """
    if not right:
        raise ValueError("there are no problems to judge the signal by")
    if size <= samples:
        alike = (comb(c, size) + comb(samples - c, size) for c in right)
        return 1.0 - fsum(alike) / (comb(samples, size) * len(right))
    p = fmean(right) / samples
    correlation = _correlation(right, samples, p)
    if correlation <= 0.0:
        return signal_share(p, size)
    if correlation >= 1.0:
        return 0.0
    a, b = (share * (1.0 / correlation - 1.0) for share in (p, 1.0 - p))
    return max(0.0, 1.0 - _all_alike(a, b, size) - _all_alike(b, a, size))


def _correlation(right: Sequence[int], samples: int, p: float) -> float:
    """Correlation ρ of two answers to one problem, from Var[c] = k·p·(1−p)·(1 + (k−1)·ρ); 1 if every group is pure."""
    spread = samples * p * (1.0 - p)
    if spread == 0.0 or len(right) < 2 or samples < 2:
        return 0.0
    variance = fsum((c - samples * p) ** 2 for c in right) / (len(right) - 1)
    return (variance / spread - 1.0) / (samples - 1)


def _all_alike(a: float, b: float, size: int) -> float:
    """E[p^G] for p ~ Beta(a, b): B(a + G, b) / B(a, b), as a numerically stable product."""
    return prod((a + i) / (a + b + i) for i in range(size))
