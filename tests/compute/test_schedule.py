"""Learning rates by hand."""

import math
from typing import Any

import pytest

from whet.compute.schedule import learning_rate
from whet.config import OptimizerConfig


def rates(total: int, **config: Any) -> list[float]:
    settings = OptimizerConfig(learning_rate=0.8, **config)
    return [learning_rate(step, total, settings) for step in range(total)]


def test_constant() -> None:
    assert rates(5) == [0.8] * 5


def test_the_warm_up_rises_in_equal_steps_to_the_peak() -> None:
    assert rates(6, warmup_steps=4) == pytest.approx([0.2, 0.4, 0.6, 0.8, 0.8, 0.8])


def test_linear() -> None:
    assert rates(4, schedule="linear") == pytest.approx([0.8, 0.6, 0.4, 0.2])
    assert rates(6, schedule="linear", warmup_steps=2) == pytest.approx([0.4, 0.8, 0.8, 0.6, 0.4, 0.2])


def test_cosine() -> None:
    root = math.sqrt(0.5)
    expected = [0.8, 0.4 * (1 + root), 0.4, 0.4 * (1 - root)]
    assert rates(4, schedule="cosine") == pytest.approx(expected)
    assert rates(6, schedule="cosine", warmup_steps=2) == pytest.approx([0.4, 0.8, *expected])


@pytest.mark.parametrize("schedule", ["linear", "cosine"])
def test_past_the_end_the_rate_is_zero(schedule: Any) -> None:
    config = OptimizerConfig(learning_rate=0.8, schedule=schedule, warmup_steps=2)
    assert learning_rate(10, 10, config) == pytest.approx(0.0)
    assert learning_rate(25, 10, config) == pytest.approx(0.0)


@pytest.mark.parametrize("schedule", ["constant", "linear", "cosine"])
def test_a_run_shorter_than_its_warm_up_only_warms_up(schedule: Any) -> None:
    assert rates(3, schedule=schedule, warmup_steps=8) == pytest.approx([0.1, 0.2, 0.3])
    assert rates(1, schedule=schedule) == [0.8]
