"""Shares of full marks and Laplace's rule, by hand."""

from dataclasses import replace

import pytest

from batches import group
from whet.grpo.pass_rate import expected_rate, shares


def test_a_reward_counts_by_its_share_of_full_marks() -> None:
    assert shares(group([0.5, 2.0, 0.0]), 2.0) == [0.25, 1.0, 0.0]
    assert shares(group([-1.0, 3.0]), 2.0) == [0.0, 1.0], "less than none of it, and more than all"
    assert shares(group([1.0, None]), 2.0) == [0.5], "what does not apply is no try"
    assert shares(group([None, None]), 2.0) == []


def test_only_what_the_step_sampled_counts() -> None:
    mixed = group([0.0, 0.0, 1.0])
    kept = replace(mixed.rollouts[2], replayed=True)
    assert shares(replace(mixed, rollouts=(*mixed.rollouts[:2], kept)), 1.0) == [0.0, 0.0]


def test_laplaces_rule() -> None:
    assert expected_rate(0.0, 0) == 0.5
    assert expected_rate(0.0, 8) == pytest.approx(1 / 10)
    assert expected_rate(2.5, 5) == 0.5
    assert expected_rate(8.0, 8) == pytest.approx(9 / 10)
