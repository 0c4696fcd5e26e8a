"""Seconds from shares of the limit, by hand."""

from dataclasses import replace

import pytest

from plan_rates import LIMIT, RATES
from whet.compute.limit import Lengths


def test_sampling_takes_the_limit_over_its_share() -> None:
    group = [Lengths(10, (5, 6))]
    assert RATES.sample([10], 2, [5, 6]) == pytest.approx((LIMIT.prefill(group) + LIMIT.decode(group)) / 0.5)
    alone = [Lengths(10, (5,))]
    assert RATES.sample([10], 1, [5]) == pytest.approx((LIMIT.prefill(alone) + LIMIT.decode(alone)) / 0.25)


def test_more_rows_than_the_sampler_decodes_together_come_in_calls() -> None:
    once = RATES.sample([10] * 128, 1, [5])
    assert RATES.sample([10] * 256, 1, [5]) == pytest.approx(2 * once)
    assert RATES.sample([10] * 32, 8, [5]) == pytest.approx(2 * RATES.sample([10] * 16, 8, [5]))


def test_learning_takes_its_share_and_the_optimizer_each_time() -> None:
    group = [Lengths(10, (5, 6))]
    assert RATES.update([10], 2, [5, 6]) == pytest.approx(LIMIT.learn(group) / 0.2 + 2.0)
    assert RATES.update([10], 2, [5, 6], iterations=3) == pytest.approx(3 * RATES.update([10], 2, [5, 6]))
    assert RATES.reference([10], 2, [5, 6]) == pytest.approx(LIMIT.reference(group) / 0.2)
    assert RATES.imitation([(10, 5)]) == pytest.approx(LIMIT.learn([Lengths(10, (5,))]) / 0.1 + 2.0)


def test_twice_the_share_is_half_the_time() -> None:
    faster = replace(RATES, grouped=1.0)
    assert faster.sample([10], 2, [5]) == pytest.approx(RATES.sample([10], 2, [5]) / 2)
