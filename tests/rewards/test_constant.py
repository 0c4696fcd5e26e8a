"""A reward that is the same for all responses of a step is named once, with what to do."""

from whet.rewards.constant import ConstantRewards
from whet.types import Group, Problem, Prompt, Reward, Rollout


def group(values: list[float | None], name: str = "mine") -> Group:
    rollouts = tuple(Rollout((), (), f"response {n}", "stop") for n in range(len(values)))
    rewards = tuple(Reward(value, {name: value, "accuracy": 0.0}) for value in values)
    return Group(Prompt(Problem("1", "q", "a"), (), ()), rollouts, rewards)


def test_a_constant_reward_is_named_once() -> None:
    found = ConstantRewards({"mine": "messages"})
    assert list(found.lines([group([-19.0] * 8)])) == [
        "reward mine gave -19 to all of 8 different responses; it is given lists of messages, so read "
        "completion[0]['content'], or write `completions: text` beside its name to be given texts"
    ]
    assert list(found.lines([group([-19.0] * 8)])) == []


def test_a_function_for_texts_gets_another_fix_and_none_is_a_value() -> None:
    (line,) = ConstantRewards({"mine": "text"}).lines([group([None] * 9)])
    assert line.startswith("reward mine gave no reward (None) to all of 9 different responses; it is given texts")


def test_rewards_that_differ_few_responses_and_built_in_rewards_are_not_named() -> None:
    assert list(ConstantRewards({"mine": "text"}).lines([group([0.0] * 8 + [1.0])])) == []
    assert list(ConstantRewards({"mine": "text"}).lines([group([0.0] * 7)])) == []
    same = [group([0.0] * 4), group([0.0] * 4)]  # the second group repeats the texts of the first
    assert list(ConstantRewards({"mine": "text"}).lines(same)) == []
    assert list(ConstantRewards({}).lines([group([0.0] * 8)])) == []
