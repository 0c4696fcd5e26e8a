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


TURNS: dict[str, Any] = {
    "prompts": [[{"role": "system", "content": "Add."}, {"role": "user", "content": "1 + 1?"}]],
    "completions": [[{"role": "assistant", "content": "It is 2."}]],
}


def test_a_function_of_one_response_is_told_of_lists() -> None:
    """As verl's `compute_score`, which is called once for each response."""
    reward = adapt(lambda solution_str, ground_truth: 1.0, "compute_score", {})
    with pytest.raises(UserError, match=r"needs a column 'solution_str': .*; a function is called once for many resp"):
        reward(completions=["1"], ground_truth=["1"])


def test_a_function_for_texts_is_given_texts_and_that_is_said(caplog: pytest.LogCaptureFixture) -> None:
    def reward(prompts: list[Any], completions: list[Any]) -> list[str]:
        return [f"{prompt}|{completion}" for prompt, completion in zip(prompts, completions, strict=True)]

    assert adapt(reward, "mine", {})(**TURNS) == ["1 + 1?|It is 2."]
    assert "reward 'mine' is given completions as texts" in caplog.text
    assert "`completions: messages` beside its name" in caplog.text
    assert adapt(reward, "mine", {})(prompts=["1?"], completions=["2"]) == ["1?|2"]


def test_the_key_decides_where_it_is_set(caplog: pytest.LogCaptureFixture) -> None:
    def texts(completions: list[Any]) -> list[int]:
        return [len(completion) for completion in completions]

    def messages(completions: list[Any]) -> list[int]:
        return [len(completion[0]["content"]) if isinstance(completion, list) else -1 for completion in completions]

    assert adapt(texts, "mine", {}, "messages")(**TURNS) == [1]
    assert adapt(texts, "mine", {}, "text")(**TURNS) == [8]
    assert adapt(messages, "mine", {})(**TURNS) == [8]
    assert adapt(messages, "mine", {}, "text")(**TURNS) == [-1]
    assert caplog.messages == []


def test_arguments_by_position_only_partials_and_lambdas() -> None:
    import functools

    def reward(completions: list[Any], /, answer: list[str], *, least: int) -> list[float]:
        return [float(len(text) > least) for text in completions]

    columns = {**TURNS, "answer": ["2"]}
    assert adapt(reward, "mine", {"least": 3})(**columns) == [1.0]
    assert adapt(functools.partial(reward, least=30), "mine", {})(**columns) == [0.0]
    assert adapt(lambda completions, **others: [len(others)], "mine", {})(**columns) == [2]
