"""Weights over the steps, by hand."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from whet.config import WeightConfig
from whet.rewards.weight_schedule import SHAPES, largest, weight_at

NUMBERS = st.floats(-10, 10)


@pytest.mark.parametrize(
    ("shape", "weights"),
    [
        ("linear", [1.0, 1.0, 1.0, 0.75, 0.5, 0.25, 0.0, 0.0]),
        ("cosine", [1.0, 1.0, 1.0, 0.8535533906, 0.5, 0.1464466094, 0.0, 0.0]),
        ("jump", [1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 0.0, 0.0]),
    ],
)
def test_from_one_to_nothing(shape: str, weights: list[float]) -> None:
    """It rests for two steps, then moves for four: (2 ± √2) / 4 is a quarter of the way on the cosine."""
    schedule = WeightConfig.model_validate({"start": 1, "end": 0, "steps": 4, "after": 2, "shape": shape})
    assert [weight_at(schedule, step) for step in range(8)] == pytest.approx(weights)


def test_a_constant_stays() -> None:
    assert [weight_at(0.5, step) for step in (0, 10**9)] == [0.5, 0.5]


@given(NUMBERS, NUMBERS, st.integers(1, 50), st.integers(0, 50), st.sampled_from(sorted(SHAPES)))
def test_it_moves_one_way_and_ends_where_it_should(
    start: float, end: float, steps: int, after: int, shape: str
) -> None:
    schedule = WeightConfig.model_validate({"start": start, "end": end, "steps": steps, "after": after, "shape": shape})
    weights = [weight_at(schedule, step) for step in range(after + steps + 2)]
    assert weights[: after + 1] == [start] * (after + 1)
    assert weights[-2:] == pytest.approx([end, end])
    order = sorted(weights, reverse=start > end)
    assert weights == pytest.approx(order)
    assert max(weights) == pytest.approx(largest(schedule))


def test_the_largest_of_a_constant() -> None:
    assert largest(-2.0) == -2.0
