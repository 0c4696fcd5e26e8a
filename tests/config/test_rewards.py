"""A weight is a number or a schedule, told apart by its form."""

import pytest
from pydantic import ValidationError

from whet.config import RewardConfig, WeightConfig


def test_a_number_or_a_schedule() -> None:
    assert RewardConfig(name="a", weight=2).weight == 2.0
    schedule = RewardConfig.model_validate({"name": "a", "weight": {"start": 1, "end": 0, "steps": 10}}).weight
    assert schedule == WeightConfig(start=1.0, end=0.0, steps=10)


@pytest.mark.parametrize("weight", ["much", None, {"start": 1}, {"start": 1, "end": 0, "steps": 0}])
def test_nothing_else(weight: object) -> None:
    with pytest.raises(ValidationError):
        RewardConfig.model_validate({"name": "a", "weight": weight})


@pytest.mark.parametrize(
    "changes", [{"timeout": 0}, {"timeout": float("inf")}, {"timeout": "long"}, {"isolate": "no way"}]
)
def test_how_a_function_of_ones_own_runs(changes: dict[str, object]) -> None:
    assert (RewardConfig(name="a.py:f").timeout, RewardConfig(name="a.py:f").isolate) == (60.0, True)
    with pytest.raises(ValidationError):
        RewardConfig.model_validate({"name": "a.py:f", **changes})
