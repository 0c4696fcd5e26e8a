"""Rewards by name."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from whet.config import RewardConfig
from whet.errors import UserError
from whet.formats import BUILT_IN as FORMATS
from whet.rewards.registry import CORRECTNESS, REWARDS, build_reward

THINK = FORMATS["think_answer"]
ROW: dict[str, Any] = {
    "prompts": ["q"],
    "completions": ["The answer is 82."],
    "completion_ids": [[1]],
    "answer": ["82"],
}


def no_loader(config: RewardConfig) -> Callable[..., Any]:
    raise AssertionError(f"asked for {config.name}")


def test_the_names_of_the_design() -> None:
    correctness = {"accuracy", "exact_match", "last_integer", "integer", "verifier"}
    layout = {"format_strict", "format_soft", "format_tags", "format_partial"}
    manners = {"reasoning_steps", "reasoning_detail", "output_consistency"}
    manners |= {"length_cosine", "length_overlong", "repetition"}
    clients = {"judge", "reward_model", "code_tests"}
    assert set(REWARDS) == correctness | layout | manners | clients
    assert {name for name, spec in REWARDS.items() if not spec.checks_gold and not spec.external} == manners
    assert {name for name, spec in REWARDS.items() if spec.has_client} == clients
    assert set(CORRECTNESS) == {"accuracy", "exact_match", "last_integer", "code_tests"}


@pytest.mark.parametrize("name", REWARDS)
def test_every_parameter_has_a_sentence(name: str) -> None:
    assert all(field.description for field in REWARDS[name].params.model_fields.values())


def test_a_built_in_reward() -> None:
    config = RewardConfig(name="accuracy", weight=2.0, params={"lenient": True}, on_error="zero")
    reward = build_reward(config, THINK, no_loader)
    assert (reward.name, reward.weight, reward.on_error, reward.max_score) == ("accuracy", 2.0, "zero", 1.0)
    assert reward(**ROW) == [1.0]
    assert build_reward(RewardConfig(name="accuracy"), THINK, no_loader)(**ROW) == [0.0]
    assert build_reward(RewardConfig(name="accuracy"), None, no_loader)(**ROW) == [1.0]


def test_rewards_that_call_out_are_handed_whom_they_ask() -> None:
    assert {name for name, spec in REWARDS.items() if spec.external} == {"judge", "reward_model"}
    config = RewardConfig(name="reward_model", weight=0.5, params={"model": "x", "sigmoid": True})
    opened: list[Any] = []

    def connect(params: Any) -> Callable[..., Any]:
        opened.append(params)
        return lambda conversations: [7.0] * len(conversations)

    reward = build_reward(config, THINK, no_loader, connect=connect)
    assert (reward.name, reward.weight, reward.max_score, reward.external) == ("reward_model", 0.5, None, True)
    assert reward(**ROW) == [7.0]
    assert (opened[0].model, opened[0].sigmoid) == ("x", True)


def test_rewards_that_run_programs_are_told_the_format_and_asked_of_gold() -> None:
    config = RewardConfig(name="code_tests", weight=0.5, params={"timeout": 7, "tests": "checks"})
    opened: list[Any] = []

    def connect(params: Any) -> Callable[..., Any]:
        opened.append(params)
        return lambda exercises: [[one.program == "x = 1"] for one in exercises]

    reward = build_reward(config, THINK, no_loader, connect=connect)
    asked = (reward.name, reward.weight, reward.max_score, reward.external, reward.checks_gold)
    assert asked == ("code_tests", 0.5, 1.0, False, True)
    rows = {**ROW, "completions": ["<think>t</think> <answer>x = 1</answer>"], "checks": [["assert x == 1"]]}
    assert reward(**rows) == [1.0]
    assert opened[0].timeout == 7


def test_without_anybody_to_ask_a_reward_can_be_checked_but_not_called() -> None:
    reward = build_reward(RewardConfig(name="reward_model", params={"model": "x"}), THINK, no_loader)
    with pytest.raises(UserError, match="nobody to ask"):
        reward(**ROW)


def test_what_the_rest_of_the_recipe_says() -> None:
    """It fills in what a reward's parameters leave open, and is not asked where they do not."""
    rows = {**ROW, "completion_ids": [[1] * 95]}
    config = RewardConfig(name="length_overlong", params={"cache": 10})
    assert build_reward(config, THINK, no_loader, {"max_tokens": 100})(**rows) == [-0.5]
    own = RewardConfig(name="length_overlong", params={"cache": 10, "max_tokens": 200})
    assert build_reward(own, THINK, no_loader, {"max_tokens": 100})(**rows) == [0.0]
    assert build_reward(RewardConfig(name="integer"), THINK, no_loader, {"max_tokens": 100}).name == "integer"


def test_a_whole_number_is_a_number() -> None:
    config = RewardConfig(name="length_cosine", params={"correct_short": 2, "correct_long": 1})
    cosine = build_reward(config, None, no_loader, {"max_tokens": 100})
    assert cosine(**{**ROW, "completion_ids": [[]]}) == [2.0]


def test_manners_are_not_asked_of_gold() -> None:
    names = [name for name, spec in REWARDS.items() if not spec.has_client]
    built = {name: build_reward(RewardConfig(name=name), THINK, no_loader, {"max_tokens": 9}) for name in names}
    assert {name for name, part in built.items() if not part.checks_gold} == {
        "reasoning_steps",
        "reasoning_detail",
        "output_consistency",
        "length_cosine",
        "length_overlong",
        "repetition",
    }
    assert {part.max_score for part in built.values() if part.checks_gold} == {1.0}
    assert [built[name].max_score for name in ("reasoning_steps", "length_cosine", "repetition")] == [1.0, None, 0.0]


def test_a_function_of_ones_own() -> None:
    def brief(completions: list[str], limit: int, **kwargs: Any) -> list[float]:
        return [float(len(text) < limit) for text in completions]

    asked = []

    def loader(config: RewardConfig) -> Callable[..., Any]:
        asked.append((config.name, config.timeout, config.isolate))
        return brief

    reward = build_reward(RewardConfig(name="my/rewards.py:brief", params={"limit": 100}, timeout=7), THINK, loader)
    assert asked == [("my/rewards.py:brief", 7.0, True)]
    assert (reward.name, reward.max_score) == ("brief", None)
    assert reward(**ROW) == [1.0]


@pytest.mark.parametrize(
    ("config", "fix"),
    [
        ({"name": "acuracy"}, "'acuracy': did you mean 'accuracy'?"),
        ({"name": "zzz"}, "'zzz': use accuracy, .*file.py:function"),
        (
            {"name": "accuracy", "params": {"lenint": True}},
            "^rewards.accuracy.params.lenint: unknown key; accuracy takes lenient; did you mean",
        ),
        ({"name": "accuracy", "params": {"lenient": "no"}}, "params.lenient: is 'no'; it must be true or false"),
        ({"name": "integer", "params": {"x": 1}}, "params.x: unknown key; integer takes none"),
        ({"name": "juge"}, "'juge': did you mean 'judge'?"),
        ({"name": "judge"}, "rewards.judge.params.endpoint: is missing; it must be a text: The address"),
        (
            {"name": "reward_model", "params": {"modle": "x"}},
            "params.modle: unknown key; .*did you mean model",
        ),
        ({"name": "code_test"}, "'code_test': did you mean 'code_tests'?"),
        ({"name": "code_tests", "params": {"timeout": 0}}, "params.timeout: is 0; it must be a number .over 0"),
        ({"name": "repetition", "params": {"size": 0}}, "params.size: is 0; it must be a whole number .at least 1"),
        ({"name": "repetition", "params": {"size": 2.0}}, "repetition.params.size: is 2.0; it must be a whole number"),
        ({"name": "reasoning_steps", "params": {"steps": True}}, "is true; it must be a whole number"),
        ({"name": "length_overlong", "params": {"max_tokens": 0}}, "is 0; it must be a whole number .at least 1"),
        ({"name": "length_cosine", "params": {"truncated": float("nan")}}, "is nan; it must be a number"),
        (
            {"name": "accuracy", "timeout": 5},
            "rewards.timeout of 'accuracy' is 5.0: only a function of your own",
        ),
        ({"name": "judge", "isolate": False}, "rewards.isolate of 'judge' is False: .*take it out"),
        ({"name": "length_cosine"}, "'length_cosine' lacks 'max_tokens': write {name: length_cosine, params:"),
    ],
)
def test_mistakes_are_named(config: dict[str, Any], fix: str) -> None:
    with pytest.raises(UserError, match=fix):
        build_reward(RewardConfig.model_validate(config), THINK, no_loader)


KINDS = [json.loads(line) for line in (Path(__file__).parent / "kinds.jsonl").read_text("utf-8").splitlines()]
"""Completions judged by hand before they were graded, by kind: right and wrong answers, and rewards for nothing."""


@pytest.mark.parametrize("kind", sorted({row["kind"] for row in KINDS}))
def test_kinds_of_answers(kind: str) -> None:
    wrong = [row for row in KINDS if row["kind"] == kind and not as_expected(row)]
    assert wrong == []


def as_expected(row: dict[str, Any]) -> bool:
    part = build_reward(RewardConfig(name=row.get("reward", "accuracy")), FORMATS.get(row.get("format", "")), no_loader)
    columns = {"prompts": [row.get("prompt", "")], "completions": [row["completion"]], "answer": [row["answer"]]}
    (value,) = part.function(completion_ids=[[1]], **columns)
    least, most = (row.get(name, row.get("expected")) for name in ("at_least", "at_most"))
    return value is not None and (least is None or value >= least) and (most is None or value <= most)
