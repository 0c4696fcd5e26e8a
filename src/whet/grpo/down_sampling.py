"""Learns from the most different rollouts of each group (PODS, arXiv:2504.13818, §3.2).

Sampling is cheap beside learning: of the n rollouts of a group only the m whose rewards have the largest variance are
learned from. Those are the k highest and the m − k lowest for some k (theorem 1). Advantages are computed over the m.

The choice depends on the rewards, so the gradient is no longer an unbiased estimate of that of all n: right and wrong
answers count as if they were equally frequent. With rewards of two values its direction for a prompt stays that of the
pass rate (`few_first.py` has the argument). Metrics of the step are over all n.
"""

from dataclasses import replace
from statistics import pvariance

from whet.protocols import Experience
from whet.types import Collected, Group


class DownSampling:
    """Plays `Experience`: keeps `size` rollouts of each group that another experience collects."""

    def __init__(self, inner: Experience, size: int) -> None:
        self.inner, self.size = inner, size

    def collect(self, step: int) -> Collected:
        """Returns the groups of `inner`, each with its `size` most different rollouts, in their order."""
        collected = self.inner.collect(step)
        groups = tuple(most_different(group, self.size) for group in collected.groups)
        return replace(collected, groups=groups, sampled=collected.groups)


def most_different(group: Group, size: int) -> Group:
    """Returns the group with the `size` rollouts of largest variance in reward; of equals, those sampled first."""
    given = [place for place, reward in enumerate(group.rewards) if reward.total is not None]
    ranked = sorted(given, key=lambda place: -(group.rewards[place].total or 0.0))
    if len(ranked) <= size:
        return group
    kept = max(
        (ranked[:high] + ranked[len(ranked) - (size - high) :] for high in range(size + 1)),
        key=lambda places: pvariance([group.rewards[place].total or 0.0 for place in places]),
    )
    places = sorted(kept)
    return replace(
        group,
        rollouts=tuple(group.rollouts[place] for place in places),
        rewards=tuple(group.rewards[place] for place in places),
    )
