"""Functions of one's own get what they ask for."""

import asyncio
from typing import Any

import pytest

from whet.errors import UserError
from whet.rewards.user import adapt

COLUMNS: dict[str, Any] = {
    "prompts": ["q"],
    "completions": ["82"],
    "completion_ids": [[1]],
    "answer": ["82"],
    "level": [2],
}


def test_a_function_gets_the_columns_it_names() -> None:
    def reward(completions: list[str], answer: list[str]) -> list[float]:
        return [float(text == gold) for text, gold in zip(completions, answer, strict=True)]

    assert adapt(reward, "reward", {})(**COLUMNS) == [1.0]


def test_a_function_gets_everything_where_it_asks_for_everything() -> None:
    seen: dict[str, Any] = {}

    def reward(completions: list[str], **kwargs: Any) -> list[float]:
        seen.update(kwargs)
        return [0.0]

    adapt(reward, "reward", {"target": 5})(**COLUMNS)
    assert seen == {"prompts": ["q"], "completion_ids": [[1]], "answer": ["82"], "level": [2], "target": 5}


def test_parameters_go_before_columns() -> None:
    def reward(completions: list[str], level: int = 0) -> list[int]:
        return [level]

    assert adapt(reward, "reward", {})(**COLUMNS) == [[2]]
    assert adapt(reward, "reward", {"level": 9})(**COLUMNS) == [9]


def test_async_functions_stay_async() -> None:
    async def reward(completions: list[str]) -> list[float]:
        return [1.0]

    waiting: Any = adapt(reward, "reward", {})(**COLUMNS)
    assert asyncio.run(waiting) == [1.0]


def test_a_callable_object_will_do() -> None:
    class Reward:
        def __call__(self, *, completions: list[str]) -> list[float]:
            return [0.5]

    assert adapt(Reward(), "reward", {})(**COLUMNS) == [0.5]


def test_an_unknown_parameter_is_named() -> None:
    def reward(completions: list[str], target: int = 0) -> list[float]:
        return [0.0]

    with pytest.raises(UserError, match=r"'reward' has 'targt': the function takes completions, target"):
        adapt(reward, "reward", {"targt": 5})


def test_a_missing_column_is_named() -> None:
    def reward(completions: list[str], tests: list[str]) -> list[float]:
        return [0.0]

    with pytest.raises(UserError, match=r"'reward' needs a column 'tests': the data has answer, completion_ids"):
        adapt(reward, "reward", {})(**COLUMNS)
