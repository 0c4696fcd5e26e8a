"""What each reward function said of a step: the figures `rewards/<function>/…` of docs/metrics.md."""

from collections.abc import Sequence
from statistics import fmean, stdev

from whet.config import WeightConfig
from whet.rewards.mixture import Part
from whet.rewards.schedule import weight_at
from whet.types import Group

ROUNDING = 1e-9
"""How far below the full mark still is the full mark."""


def part_metrics(groups: Sequence[Group], parts: Sequence[Part], step: int) -> dict[str, float]:
    """Mean, spread, share of full marks and share not applicable of each part, and its weight where it moves.

    Values are those before weighting. Mean, spread and share of full marks are over the rollouts that a part
    applies to, and 0 where it applies to none.
    """
    rewards = [reward for group in groups for reward in group.rewards]
    metrics: dict[str, float] = {}
    for part in parts:
        values = [reward.parts.get(part.name) for reward in rewards]
        metrics |= {f"rewards/{part.name}/{figure}": value for figure, value in _figures(values, part).items()}
        if isinstance(part.weight, WeightConfig):
            metrics[f"rewards/{part.name}/weight"] = weight_at(part.weight, step)
    return metrics


def _figures(values: Sequence[float | None], part: Part) -> dict[str, float]:
    applied = [value for value in values if value is not None]
    figures = {
        "mean": fmean(applied) if applied else 0.0,
        "std": stdev(applied) if len(applied) > 1 else 0.0,
        "none_ratio": 1.0 - len(applied) / max(1, len(values)),
    }
    if part.full_mark is not None:
        full = [value >= part.full_mark - ROUNDING for value in applied]
        figures["full_ratio"] = fmean(full) if full else 0.0
    return figures
