"""Â: better than your siblings by how much.

GRPO (arXiv:2402.03300, §4.1.2): Â_i = (r_i − mean(r)) / std(r), over the G rewards of a group, the same for
every token of o_i. Baseline and scale are independent choices: Dr. GRPO (arXiv:2503.20783) leaves the scale
out, RLOO (arXiv:2402.14740) compares with the mean of the others, REINFORCE++ (arXiv:2501.03262) divides by
the standard deviation over the batch.

Rewards of `None` (not applicable) take part in no mean and get the advantage 0.
"""

from collections.abc import Callable, Sequence
from statistics import mean, stdev

from whet.config import ObjectiveConfig
from whet.types import Group

EPSILON = 1e-4
"""Added to every standard deviation, as in TRL: it bounds Â when rewards barely differ."""

Numbers = Sequence[float]


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
    """Â_1…Â_G for each group.

    >>> from whet.types import Problem, Prompt, Reward, Rollout
    >>> prompt, rollout = Prompt(Problem("1", "1 + 1?", "2"), (), ()), Rollout((7,), (-0.1,), "2", "stop")
    >>> group = Group(prompt, (rollout,) * 2, (Reward(1.0), Reward(0.0)))
    >>> advantages([group], ObjectiveConfig(scale="none"))
    [[0.5, -0.5]]
    """
    rewards_B = [reward for group in groups for reward in _totals(group)]
    return [_of_group(group, rewards_B, config) for group in groups]


def _totals(group: Group) -> list[float]:
    return [reward.total for reward in group.rewards if reward.total is not None]


def _of_group(group: Group, rewards_B: Numbers, config: ObjectiveConfig) -> list[float]:
    rewards_G = _totals(group)
    if not rewards_G:
        return [0.0] * len(group.rewards)
    scale = SCALES[config.scale](rewards_G, rewards_B)
    scaled = iter([difference / scale for difference in BASELINES[config.baseline](rewards_G)])
    return [0.0 if reward.total is None else next(scaled) for reward in group.rewards]
