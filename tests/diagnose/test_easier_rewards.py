"""Which easier reward is offered, and how a recipe has it."""

from types import SimpleNamespace
from typing import Any

import pytest

from whet.config import RewardConfig, WeightConfig
from whet.diagnose.easier_rewards import EASIER_REWARDS, easier_reward_for


@pytest.mark.parametrize(
    ("marked", "found", "expected"),
    [
        (0.0, 0.0, ""),
        (0.2, 0.2, ""),
        (0.3, 0.0, "any_mark"),
        (0.3, 0.9, "any_mark"),
        (0.0, 0.3, "anywhere"),
        (0.1, 0.25, "anywhere"),
    ],
)
def test_the_first_that_tells_a_quarter_of_groups_apart(marked: float, found: float, expected: str) -> None:
    probe: Any = SimpleNamespace(marked=marked, found=found)
    assert easier_reward_for(probe) == expected


def test_a_reward_for_marks_makes_way_over_half_of_the_run() -> None:
    assert EASIER_REWARDS["any_mark"].reward(0.5, 40) == RewardConfig(
        name="format_partial", weight=WeightConfig(start=0.5, end=0.0, steps=20)
    )
    assert EASIER_REWARDS["any_mark"].reward(0.5, 1).weight == WeightConfig(start=0.5, end=0.0, steps=1)


def test_a_reward_for_right_answers_anywhere_stays() -> None:
    assert EASIER_REWARDS["anywhere"].reward(1.0, 40) == RewardConfig(
        name="accuracy", weight=1.0, params={"lenient": True}
    )
