"""Metrics of each reward function at a step: `rewards/<function>/…` of docs/metrics.md."""

from collections.abc import Sequence
from statistics import fmean, stdev

from whet.config import WeightConfig
from whet.rewards.mixture import Part
from whet.rewards.weight_schedule import weight_at
from whet.types import Group

ROUNDING = 1e-9
"""A value counts as the maximum if it is at most this far below it."""


def part_metrics(groups: Sequence[Group], parts: Sequence[Part], step: int) -> dict[str, float]:
    """Mean, standard deviation, share at the maximum and share of `None` of each part; its weight where scheduled.

    Values are unweighted. All but the share of `None` are over the rollouts that a part
    applies to, and 0 where it applies to none; replayed rollouts are left out. Rewards may have parts that no reward
    function gave, such as a KL.
    """
    rewards = [reward for group in groups for reward in group.fresh.rewards]
    given = {name: None for reward in rewards for name in reward.parts}
    full_marks = {**given, **{part.name: part.max_score for part in parts}}
    metrics: dict[str, float] = {}
    for name, max_score in full_marks.items():
        values = [reward.parts.get(name) for reward in rewards]
        metrics |= {f"rewards/{name}/{figure}": value for figure, value in _figures(values, max_score).items()}
    scheduled = {part.name: part.weight for part in parts if isinstance(part.weight, WeightConfig)}
    return metrics | {f"rewards/{name}/weight": weight_at(weight, step) for name, weight in scheduled.items()}


def _figures(values: Sequence[float | None], max_score: float | None) -> dict[str, float]:
    applied = [value for value in values if value is not None]
    figures = {
        "mean": fmean(applied) if applied else 0.0,
        "std": stdev(applied) if len(applied) > 1 else 0.0,
        "none_ratio": 1.0 - len(applied) / max(1, len(values)),
    }
    if max_score is not None:
        full = [value >= max_score - ROUNDING for value in applied]
        figures["full_ratio"] = fmean(full) if full else 0.0
    return figures
