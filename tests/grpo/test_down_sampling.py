"""The most different rollouts of a group, against trying all subsets."""

from itertools import combinations
from random import Random
from statistics import pvariance

import pytest

from batches import prompt, rollout
from whet.grpo.down_sampling import DownSampling, most_different
from whet.types import Collected, Group, Reward


def group(*totals: float | None) -> Group:
    """Rollout i has the one token 10 + i."""
    rollouts = tuple(rollout([10 + place]) for place in range(len(totals)))
    return Group(prompt("1"), rollouts, tuple(Reward(total) for total in totals))


def totals(found: Group) -> list[float | None]:
    return [reward.total for reward in found.rewards]


@pytest.mark.parametrize("size", [2, 3, 4, 7])
@pytest.mark.parametrize("seed", range(20))
def test_no_other_choice_has_a_larger_variance(size: int, seed: int) -> None:
    random = Random(seed)
    rewards = [random.choice([0.0, 0.1, 1.0, 1.1, random.random()]) for _ in range(8)]
    best = max(pvariance(chosen) for chosen in combinations(rewards, size))
    found = totals(most_different(group(*rewards), size))
    assert len(found) == size
    assert pvariance([total for total in found if total is not None]) == pytest.approx(best)


def test_of_right_and_wrong_answers_half_each_are_taken() -> None:
    found = most_different(group(0, 0, 1, 0, 0, 1, 0, 1), 4)
    assert sorted(totals(found), key=float) == [0, 0, 1, 1]  # type: ignore[arg-type]


def test_a_single_right_answer_is_kept_and_rollouts_keep_their_order_and_rewards() -> None:
    found = most_different(group(0, 0, 0, 1, 0, 0), 3)
    assert totals(found).count(1) == 1
    tokens = [one.tokens[0] for one in found.rollouts]
    assert tokens == sorted(tokens)
    assert [total for total, token in zip(totals(found), tokens, strict=True) if token == 13] == [1]


def test_rewards_that_do_not_apply_are_left_out_first() -> None:
    assert totals(most_different(group(None, 1, None, 0, 0.5, None), 2)) == [1, 0]
    assert totals(most_different(group(None, 1, None, 0), 3)) == [None, 1, None, 0]  # there are not more than three


def test_what_was_sampled_stays_for_the_metrics() -> None:
    class Fixed:
        def collect(self, step: int) -> Collected:
            assert step == 5
            return Collected((group(1, 0, 0, 0), group(0, 0, 0, 0)), metrics={"dynamic/groups": 2.0}, tokens=8)

    found = DownSampling(Fixed(), 2).collect(5)
    assert [totals(one) for one in found.groups] == [[1, 0], [0, 0]]
    assert [totals(one) for one in found.sampled] == [[1, 0, 0, 0], [0, 0, 0, 0]]
    assert (found.metrics, found.tokens) == ({"dynamic/groups": 2.0}, 8)
