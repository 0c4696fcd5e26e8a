"""Confidence intervals of proportions, and paired tests of two models on the same problems."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import accumulate
from math import sqrt
from statistics import NormalDist
from typing import NamedTuple


class Interval(NamedTuple):
    """A confidence interval, both ends included."""

    low: float
    high: float


@dataclass(frozen=True, slots=True)
class PairedDifference:
    """The difference between two evaluations of the same `n` problems."""

    difference: float
    """Accuracy after minus accuracy before."""
    low: float
    """Lower end of the difference's confidence interval."""
    high: float
    """Upper end of the difference's confidence interval."""
    fixed: int
    """The number of problems wrong before and right after."""
    broken: int
    """The number of problems right before and wrong after."""
    p_value: float
    """Two-sided, by the exact McNemar test."""
    n: int


def wilson(successes: float, n: float, confidence: float = 0.95) -> Interval:
    """The score interval of a binomial proportion (Wilson 1927, doi:10.1080/01621459.1927.10502953).

    Unlike p ± z·√(p(1−p)/n) it stays in [0, 1] and has a width also at 0 and n successes. `n` need not be whole: for
    correlated samples it is their effective number.

    >>> low, high = wilson(1, 64)
    >>> print(f"{low:.3f} {high:.3f}")
    0.003 0.083

    Raises:
        ValueError: `n` is not positive, or `successes` is not between 0 and `n`.
    """
    if n <= 0 or not 0 <= successes <= n:
        raise ValueError(f"{successes} successes of {n} is no proportion")
    z = NormalDist().inv_cdf((1 + confidence) / 2)
    p = successes / n
    # (p + z²/2n ± z·√(p(1−p)/n + z²/4n²)) / (1 + z²/n)
    centre = p + z * z / (2 * n)
    half = z * sqrt(p * (1 - p) / n + z * z / (4 * n * n))
    scale = 1 + z * z / n
    # At 0 and n successes one end is exactly 0 or 1; rounding would leave 3e-18 of it.
    low = (centre - half) / scale if successes > 0 else 0.0
    high = (centre + half) / scale if successes < n else 1.0
    return Interval(low, high)


def mcnemar_exact(fixed: int, broken: int) -> float:
    """Two-sided p-value of the exact McNemar test (doi:10.1007/BF02295996).

    Under the null hypothesis each discordant problem is fixed or broken with equal probability, so `fixed` follows
    Binomial(fixed + broken, ½). 1.0 without discordant problems.

    >>> mcnemar_exact(0, 5)
    0.0625
    """
    switched = fixed + broken
    fewer = range(min(fixed, broken))
    # Σ C(n, i) for i ≤ min(fixed, broken), each from the one before: C(n, i+1) = C(n, i) · (n−i) / (i+1)
    tail = sum(accumulate(fewer, lambda ways, i: ways * (switched - i) // (i + 1), initial=1))
    return min(1.0, 2 * tail / (1 << switched))


def paired_difference(before: Sequence[bool], after: Sequence[bool], confidence: float = 0.95) -> PairedDifference:
    """The difference of two paired proportions, its interval and its p-value.

    The interval is Newcombe's square-and-add hybrid score interval for paired data, method 10 of
    doi:10.1002/(SICI)1097-0258(19981130)17:22<2635::AID-SIM954>3.0.CO;2-C: the Wilson limits of both
    proportions, joined through their correlation φ.

    Raises:
        ValueError: the two sequences differ in length, or are empty.
    """
    pairs = list(zip(before, after, strict=True))
    n = len(pairs)
    both = sum(1 for was, now in pairs if was and now)
    fixed = sum(1 for was, now in pairs if now and not was)
    broken = sum(1 for was, now in pairs if was and not now)
    after_low, after_high = wilson(both + fixed, n, confidence)
    before_low, before_high = wilson(both + broken, n, confidence)
    p_after, p_before = (both + fixed) / n, (both + broken) / n
    phi = _correlation(both, fixed, broken, n - both - fixed - broken)
    down = _square_and_add(p_after - after_low, before_high - p_before, phi)
    up = _square_and_add(after_high - p_after, p_before - before_low, phi)
    difference = (fixed - broken) / n
    p_value = mcnemar_exact(fixed, broken)
    return PairedDifference(difference, difference - down, difference + up, fixed, broken, p_value, n)


def _square_and_add(a: float, b: float, phi: float) -> float:
    # √(a² − 2φab + b²)
    return sqrt(max(0.0, a * a - 2 * phi * a * b + b * b))


def _correlation(both: int, fixed: int, broken: int, neither: int) -> float:
    """φ of the 2 × 2 table, its numerator less n/2 (not below 0) where positive; 0 where a margin is empty."""
    n = both + fixed + broken + neither
    margins = (both + fixed) * (broken + neither) * (both + broken) * (fixed + neither)
    if margins == 0:
        return 0.0
    product = float(both * neither - fixed * broken)
    return (max(0.0, product - n / 2) if product > 0 else product) / sqrt(margins)
