"""Rewards by name."""

from collections.abc import Callable
from typing import Any

import pytest

from whet.config import RewardConfig
from whet.errors import UserError
from whet.formats import BUILT_IN as FORMATS
from whet.rewards.registry import BUILT_IN, build_reward

THINK = FORMATS["think_answer"]
ROW: dict[str, Any] = {
    "prompts": ["q"],
    "completions": ["The answer is 82."],
    "completion_ids": [[1]],
    "answer": ["82"],
}


def no_loader(spec: str) -> Callable[..., Any]:
    raise AssertionError(f"asked for {spec}")


def test_the_names_of_the_design() -> None:
    correctness = {"accuracy", "exact_match", "last_integer", "integer", "verifier"}
    assert set(BUILT_IN) == correctness | {"format_strict", "format_soft", "format_tags", "format_partial"}


def test_a_built_in_reward() -> None:
    config = RewardConfig(name="accuracy", weight=2.0, params={"lenient": True}, on_error="zero")
    reward = build_reward(config, THINK, no_loader)
    assert (reward.name, reward.weight, reward.on_error, reward.full_mark) == ("accuracy", 2.0, "zero", 1.0)
    assert reward(**ROW) == [1.0]
    assert build_reward(RewardConfig(name="accuracy"), THINK, no_loader)(**ROW) == [0.0]
    assert build_reward(RewardConfig(name="accuracy"), None, no_loader)(**ROW) == [1.0]


def test_a_function_of_ones_own() -> None:
    def brief(completions: list[str], limit: int, **kwargs: Any) -> list[float]:
        return [float(len(text) < limit) for text in completions]

    asked = []

    def loader(spec: str) -> Callable[..., Any]:
        asked.append(spec)
        return brief

    reward = build_reward(RewardConfig(name="my/rewards.py:brief", params={"limit": 100}), THINK, loader)
    assert asked == ["my/rewards.py:brief"]
    assert (reward.name, reward.full_mark) == ("brief", None)
    assert reward(**ROW) == [1.0]


@pytest.mark.parametrize(
    ("config", "mend"),
    [
        ({"name": "acuracy"}, "'acuracy': did you mean 'accuracy'?"),
        ({"name": "zzz"}, "'zzz': use accuracy, .*file.py:function"),
        ({"name": "accuracy", "params": {"lenint": True}}, "'accuracy' has 'lenint': it takes lenient"),
        (
            {"name": "accuracy", "params": {"lenient": "no"}},
            "params.lenient of 'accuracy' is 'no': it must be a bool",
        ),
        ({"name": "integer", "params": {"x": 1}}, "'integer' has 'x': it takes none"),
    ],
)
def test_mistakes_are_named(config: dict[str, Any], mend: str) -> None:
    with pytest.raises(UserError, match=mend):
        build_reward(RewardConfig.model_validate(config), THINK, no_loader)
