"""The learning-rate schedule: the rate as a function of the step."""

from collections.abc import Callable
from math import cos, pi

from whet.config import OptimizerConfig

SHAPES: dict[str, Callable[[float], float]] = {
    "constant": lambda _: 1.0,
    "linear": lambda progress: 1.0 - progress,
    "cosine": lambda progress: (1.0 + cos(pi * progress)) / 2,
}
"""The factor after the warm-up, by progress in [0, 1)."""


def learning_rate(step: int, total: int, config: OptimizerConfig) -> float:
    """Returns the learning rate of `step` (from 0) of `total`.

    >>> learning_rate(0, 10, OptimizerConfig(learning_rate=0.1, warmup_steps=4))
    0.025
    """
    if step < config.warmup_steps:
        return config.learning_rate * (step + 1) / config.warmup_steps
    progress = (step - config.warmup_steps) / max(total - config.warmup_steps, 1)
    return config.learning_rate * SHAPES[config.schedule](min(progress, 1.0))
