"""Â against the paper's formula by hand, brute force and the properties that define it."""

import math
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from batches import group
from whet.config import ObjectiveConfig
from whet.grpo.advantage import advantages
from whet.types import Reward

GRPO = ObjectiveConfig()
CENTRED = ObjectiveConfig(scale="none")
RLOO = ObjectiveConfig(baseline="leave_one_out", scale="none")


def of(rewards: Sequence[float | None], config: ObjectiveConfig = GRPO) -> list[float]:
    """The advantages of a single group."""
    return advantages([group(rewards)], config)[0]


def test_the_papers_formula_by_hand() -> None:
    # mean 0.25; squares 0.5625 + 3 · 0.0625 = 0.75, over n − 1 = 3: variance 0.25, standard deviation 0.5
    assert of([1, 0, 0, 0]) == pytest.approx([0.75 / 0.5001, *[-0.25 / 0.5001] * 3], rel=1e-12)


def test_two_rewards_by_hand() -> None:
    # mean 2, variance (1 + 1) / 1 = 2
    assert of([1, 3]) == pytest.approx([-1 / (math.sqrt(2) + 1e-4), 1 / (math.sqrt(2) + 1e-4)], rel=1e-12)


@pytest.mark.parametrize("scale", ["group_std", "batch_std", "none"])
@pytest.mark.parametrize("baseline", ["group_mean", "leave_one_out"])
@pytest.mark.parametrize("reward", [0, 1, 0.1, -0.3, 1 / 3, 1e6])
def test_equal_rewards_teach_exactly_nothing(scale: Any, baseline: Any, reward: float) -> None:
    """In floating point 0.1 · 7 / 7 is not 0.1; a group without a signal must not get one from rounding."""
    config = ObjectiveConfig(scale=scale, baseline=baseline)
    assert advantages([group([reward] * 7), group([0, 1])], config)[0] == [0.0] * 7


def test_leave_one_out_compares_with_the_mean_of_the_others() -> None:
    rewards = [0.5, 2.0, -1.0, 0.25, 3.0]
    expected = []
    for i, reward in enumerate(rewards):
        others = rewards[:i] + rewards[i + 1 :]
        expected.append(reward - sum(others) / len(others))
    assert of(rewards, RLOO) == pytest.approx(expected, rel=1e-12)


def test_without_a_baseline_the_reward_itself_counts() -> None:
    assert of([0.5, 2.0, 0.0], ObjectiveConfig(baseline="none", scale="none")) == [0.5, 2.0, 0.0]


def test_batch_std_is_over_every_reward_of_the_batch() -> None:
    config = ObjectiveConfig(scale="batch_std")
    # all six: mean 2, squares 4 + 4 + 4 + 1 + 1 + 4 = 18, over 5
    scale = math.sqrt(18 / 5) + 1e-4
    first, second = advantages([group([0, 4]), group([0, 1, 3, 4])], config)
    assert first == pytest.approx([-2 / scale, 2 / scale], rel=1e-12)
    assert second == pytest.approx([-2 / scale, -1 / scale, 1 / scale, 2 / scale], rel=1e-12)


def test_group_std_knows_nothing_of_other_groups() -> None:
    alone = of([0, 1, 1])
    assert advantages([group([5, -5]), group([0, 1, 1]), group([100, 0])], GRPO)[1] == alone


@pytest.mark.parametrize("scale", ["group_std", "batch_std", "none"])
def test_none_takes_part_in_no_mean_and_gets_zero(scale: Any) -> None:
    config = ObjectiveConfig(scale=scale)
    first, second, third = of([1, 0, 1], config)
    assert of([None, 1, None, 0, 1], config) == [0.0, first, 0.0, second, third]


def test_a_group_of_only_none_gets_zeros_and_does_not_disturb_the_batch() -> None:
    config = ObjectiveConfig(scale="batch_std")
    alone = advantages([group([0, 1])], config)
    assert advantages([group([None, None, None]), group([0, 1])], config) == [[0.0] * 3, *alone]


@pytest.mark.parametrize("baseline", ["group_mean", "leave_one_out"])
def test_a_single_reward_has_nothing_to_be_compared_with(baseline: Any) -> None:
    assert of([None, 3.0], ObjectiveConfig(baseline=baseline)) == [0.0, 0.0]


def test_no_groups() -> None:
    assert advantages([], GRPO) == []


tame = st.lists(st.floats(-100, 100, allow_subnormal=False), min_size=2, max_size=16)


@given(tame)
def test_advantages_of_a_group_sum_to_zero(rewards: list[float]) -> None:
    largest = max(abs(reward) for reward in rewards) + 1
    assert abs(sum(of(rewards, CENTRED))) <= 1e-12 * len(rewards) * largest
    # the scale is 1e-4 at least, so an error of the sum grows by 1e4 at most
    assert abs(sum(of(rewards))) <= 1e-8 * len(rewards) * largest


grid = st.lists(st.integers(-1000, 1000).map(lambda n: n / 8), min_size=2, max_size=16)
"""Rewards whose sums and multiples by powers of two are exact."""


@given(grid, st.integers(-1000, 1000))
def test_a_shift_of_all_rewards_changes_nothing(rewards: list[float], shift: int) -> None:
    assert of([reward + shift for reward in rewards]) == pytest.approx(of(rewards), rel=1e-9, abs=1e-12)


@given(grid, st.sampled_from([2.0, 16.0, 1024.0]))
def test_the_unit_of_the_reward_cancels_up_to_epsilon(rewards: list[float], factor: float) -> None:
    """(c·d) / (c·s + ε) differs from d / (s + ε) by the relative ε / s at most."""
    small, large = of(rewards), of([reward * factor for reward in rewards])
    spread = math.sqrt(sum((r - sum(rewards) / len(rewards)) ** 2 for r in rewards) / (len(rewards) - 1))
    assert large == pytest.approx(small, rel=1e-4 / spread + 1e-9 if spread else 0.0, abs=1e-12)


@given(grid)
def test_a_better_reward_never_has_a_lower_advantage(rewards: list[float]) -> None:
    ordered = [advantage for _, advantage in sorted(zip(rewards, of(rewards), strict=True))]
    assert ordered == sorted(ordered)


@given(grid)
def test_leave_one_out_is_the_group_mean_times_g_over_g_minus_1(rewards: list[float]) -> None:
    size = len(rewards)
    expected = [advantage * size / (size - 1) for advantage in of(rewards, CENTRED)]
    assert of(rewards, RLOO) == pytest.approx(expected, rel=1e-9, abs=1e-9)


@given(tame)
def test_epsilon_bounds_what_barely_differs(rewards: list[float]) -> None:
    """|d_i| ≤ s · (G − 1) / √G for any numbers: Samuelson's inequality. ε keeps Â below it."""
    bound = (len(rewards) - 1) / math.sqrt(len(rewards))
    assert max(abs(advantage) for advantage in of(rewards)) <= bound * (1 + 1e-9)
    assert max(abs(advantage) for advantage in of([0.0, 1e-9])) < 1e-5


def of_parts(rows: Sequence[Sequence[dict[str, float | None]]], weights: dict[str, float], **choices: Any) -> Any:
    """The advantages of groups whose rewards have these parts, normalised first and summed then."""
    groups = []
    for row in rows:
        bare = group([None] * len(row))
        totals = [
            sum(weights.get(k, 1.0) * v for k, v in parts.items() if v is not None) if any_given(parts) else None
            for parts in row
        ]
        rewards = tuple(Reward(total, parts, weights) for total, parts in zip(totals, row, strict=True))
        groups.append(replace(bare, rewards=rewards))
    return advantages(groups, ObjectiveConfig(combine="normalise_then_sum", **choices))


def any_given(parts: dict[str, float | None]) -> bool:
    return any(value is not None for value in parts.values())


def test_gdpo_by_hand() -> None:
    """a: ±1 over √2; b the other way round, and a hundred times as large, which makes no difference; weights 3 and 1.

    Each part is ±1/√2 (up to ε) in the first group; in the second only a varies. The sums are ±2/√2 and ±3/√2, and
    their deviation over the batch of four is √((2 · 2 + 2 · 4.5) / 3).
    """
    rows = [[{"a": 3.0, "b": 0.0}, {"a": 1.0, "b": 200.0}], [{"a": 1.0, "b": 5.0}, {"a": 3.0, "b": 5.0}]]
    scale = math.sqrt(13 / 3)
    first, second = of_parts(rows, {"a": 3.0, "b": 1.0})
    assert first == pytest.approx([math.sqrt(2) / scale, -math.sqrt(2) / scale], rel=1e-3)
    assert second == pytest.approx([-3 / math.sqrt(2) / scale, 3 / math.sqrt(2) / scale], rel=1e-3)


def test_a_part_without_a_weight_counts_once_and_one_that_does_not_apply_counts_nothing() -> None:
    rows = [[{"a": 1.0, "b": None}, {"a": 0.0, "b": 1.0}, {"a": None, "b": 0.0}]]
    once = of_parts(rows, {}, scale="none")[0]
    # a: ½, −½; b: ½, −½; their sums ½, 0, −½ have the deviation ½
    assert once == pytest.approx([0.5 / 0.5001, 0.0, -0.5 / 0.5001], rel=1e-12)
    assert of_parts(rows, {"a": 1.0, "b": 1.0}, scale="none")[0] == once


def test_a_response_that_no_part_applies_to_gets_zero_and_is_not_in_the_deviation() -> None:
    rows = [[{"a": 1.0}, {"a": 0.0}, {"a": None}]]
    # ½ and −½ have the deviation √½
    assert of_parts(rows, {}, scale="none")[0] == pytest.approx(
        [0.5 / (math.sqrt(0.5) + 1e-4)] * 1 + [-0.5 / (math.sqrt(0.5) + 1e-4), 0.0], rel=1e-12
    )


@pytest.mark.parametrize("scale", ["group_std", "batch_std", "none"])
@pytest.mark.parametrize("baseline", ["group_mean", "leave_one_out"])
def test_parts_that_are_equal_teach_exactly_nothing(scale: Any, baseline: Any) -> None:
    rows = [[{"a": 0.1, "b": 1 / 3}] * 7, [{"a": 0.1, "b": 0.0}, {"a": 0.2, "b": 1.0}]]
    assert of_parts(rows, {"a": 0.7}, scale=scale, baseline=baseline)[0] == [0.0] * 7


def test_with_one_reward_both_ways_point_the_same_way() -> None:
    rows = [[{"a": r} for r in (1.0, 0.0, 0.0)]]
    both = advantages([group([1, 0, 0])], GRPO)[0], of_parts(rows, {})[0]
    assert both[1] == pytest.approx([x / (1 + 1e-4) for x in both[0]], rel=1e-3)
