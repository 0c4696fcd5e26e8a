"""Â: how much better a rollout is than the others of its group.

GRPO (arXiv:2402.03300, §4.1.2): Â_i = (r_i − mean(r)) / std(r), over the G rewards of a group, the same for
every token of o_i. Baseline and scale are independent choices: Dr. GRPO (arXiv:2503.20783) has no scale, RLOO
(arXiv:2402.14740) subtracts the mean of the others, REINFORCE++ (arXiv:2501.03262) divides by the standard deviation
over the batch.

Several rewards combine in two ways: the advantage of their weighted sum, or the weighted sum of their own advantages
(GDPO, arXiv:2601.05242), where a reward that hardly varies is not dominated by one that does.

Rewards of `None` (not applicable) are left out of all means and get the advantage 0.
"""

from collections.abc import Callable, Sequence
from statistics import mean, stdev

from whet.config.objectives import ObjectiveConfig
from whet.types import Group

EPSILON = 1e-4
"""Added to every standard deviation, as in TRL: it bounds Â when rewards barely differ."""

Numbers = Sequence[float]
Optional = Sequence[float | None]


def _group_mean(rewards_G: Numbers) -> list[float]:
    centre = mean(rewards_G)
    return [reward - centre for reward in rewards_G]


def _leave_one_out(rewards_G: Numbers) -> list[float]:
    # r_i − mean_{j≠i} r_j = (r_i − mean(r)) · G / (G − 1)
    size = len(rewards_G)
    return [difference * size / max(size - 1, 1) for difference in _group_mean(rewards_G)]


BASELINES: dict[str, Callable[[Numbers], list[float]]] = {
    "group_mean": _group_mean,
    "leave_one_out": _leave_one_out,
    "none": list,
}


def _spread(values: Numbers) -> float:
    """The sample standard deviation (n − 1), exactly 0.0 where all values agree."""
    return stdev(values) if len(values) > 1 else 0.0


SCALES: dict[str, Callable[[Numbers, Numbers], float]] = {
    "group_std": lambda rewards_G, _: _spread(rewards_G) + EPSILON,
    "batch_std": lambda _, rewards_B: _spread(rewards_B) + EPSILON,
    "none": lambda _rewards_G, _rewards_B: 1.0,
}


def advantages(groups: Sequence[Group], config: ObjectiveConfig) -> list[list[float]]:
    """Returns Â_1…Â_G for each group.

    >>> from whet.types import Problem, Prompt, Reward, Rollout
    >>> prompt, rollout = Prompt(Problem("1", "1 + 1?", "2"), (), ()), Rollout((7,), (-0.1,), "2", "stop")
    >>> group = Group(prompt, (rollout,) * 2, (Reward(1.0), Reward(0.0)))
    >>> advantages([group], ObjectiveConfig(scale="none"))
    [[0.5, -0.5]]
    """
    return COMBINATIONS[config.combine](groups, config)


def _sum_then_normalise(groups: Sequence[Group], config: ObjectiveConfig) -> list[list[float]]:
    """GRPO: the advantage of the weighted sum."""
    return _normalised([[reward.total for reward in group.rewards] for group in groups], config)


def _normalise_then_sum(groups: Sequence[Group], config: ObjectiveConfig) -> list[list[float]]:
    """GDPO, arXiv:2601.05242: the weighted sum of each reward's advantage, over its deviation in the batch.

    The mean over the batch, which the paper also subtracts, is 0 with a baseline from the group.
    """
    names = dict.fromkeys(name for group in groups for reward in group.rewards for name in reward.parts)
    sums = [[0.0] * len(group.rewards) for group in groups]
    for name in names:
        own = _normalised([[reward.parts.get(name) for reward in group.rewards] for group in groups], config)
        for group, total, row in zip(groups, sums, own, strict=True):
            weights = [reward.weights.get(name, 1.0) for reward in group.rewards]
            total[:] = [before + w * a for before, w, a in zip(total, weights, row, strict=True)]
    scale = _spread(_given(groups, sums)) + EPSILON
    return [[value / scale for value in row] for row in sums]


COMBINATIONS: dict[str, Callable[[Sequence[Group], ObjectiveConfig], list[list[float]]]] = {
    "sum_then_normalise": _sum_then_normalise,
    "normalise_then_sum": _normalise_then_sum,
}


def _given(groups: Sequence[Group], rows: Sequence[Numbers]) -> list[float]:
    """The values of the rollouts whose reward applies."""
    return [
        value
        for group, row in zip(groups, rows, strict=True)
        for reward, value in zip(group.rewards, row, strict=True)
        if reward.total is not None
    ]


def _normalised(rewards_PG: Sequence[Optional], config: ObjectiveConfig) -> list[list[float]]:
    """Baseline and scale for the rewards of each group; 0 for those that do not apply."""
    rewards_B = [reward for rewards_G in rewards_PG for reward in rewards_G if reward is not None]
    return [_of_group(rewards_G, rewards_B, config) for rewards_G in rewards_PG]


def _of_group(rewards_G: Optional, rewards_B: Numbers, config: ObjectiveConfig) -> list[float]:
    given = [reward for reward in rewards_G if reward is not None]
    if not given:
        return [0.0] * len(rewards_G)
    scale = SCALES[config.scale](given, rewards_B)
    scaled = iter([difference / scale for difference in BASELINES[config.baseline](given)])
    return [0.0 if reward is None else next(scaled) for reward in rewards_G]
