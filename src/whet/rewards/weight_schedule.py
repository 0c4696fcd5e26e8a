"""Schedules of reward weights over the steps of training."""

from collections.abc import Callable, Mapping
from math import cos, pi

from whet.config import Weight, WeightConfig

SHAPES: Mapping[str, Callable[[float], float]] = {
    "linear": lambda share: share,
    "cosine": lambda share: 0.5 * (1.0 - cos(pi * share)),
    "jump": lambda share: float(share >= 1.0),
}
"""Share of the steps done → share of the way from `start` to `end`."""


def weight_at(weight: Weight, step: int) -> float:
    """The weight of a reward at a step, counted from 0.

    start + (end - start) · shape(clip((step - after) / steps, 0, 1))

    >>> [weight_at(WeightConfig(start=1.0, end=0.0, steps=4), step) for step in (0, 1, 4, 9)]
    [1.0, 0.75, 0.0, 0.0]
    """
    if not isinstance(weight, WeightConfig):
        return weight
    progress = SHAPES[weight.shape](min(1.0, max(0.0, (step - weight.after) / weight.steps)))
    return weight.start + (weight.end - weight.start) * progress


def ends(weight: Weight) -> tuple[float, ...]:
    """The first and the last weight of a schedule, between which all others are; of a constant, itself."""
    return (weight.start, weight.end) if isinstance(weight, WeightConfig) else (weight,)


def largest(weight: Weight) -> float:
    """The maximum of a weight over all steps."""
    return max(ends(weight))
