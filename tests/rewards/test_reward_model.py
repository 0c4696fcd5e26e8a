"""A reward model as a reward: what it is handed."""

from collections.abc import Sequence
from typing import Any

import pytest

from rewards.steps import step
from whet.config.parameters import read_parameters
from whet.errors import UserError
from whet.rewards.calls import RewardError
from whet.rewards.mixture import Mixture, Part
from whet.rewards.reward_model import RewardModelParams, conversation, reward_model

PARAMS = read_parameters(RewardModelParams, {"model": "x"}, "rewards.0.params", "reward_model")


def test_scores_are_rewards_and_conversations_end_in_the_response() -> None:
    seen = []

    def score(conversations: Sequence[Any]) -> list[float | RewardError]:
        seen.extend(conversations)
        return [-1.5, RewardError("gave no score: 900 tokens"), 2.0]

    mixture = Mixture([Part("reward_model", reward_model(None, PARAMS, score))])
    groups = mixture.grade(*step(one=["a", "b"], two=["c"]))
    assert [[reward.total for reward in group.rewards] for group in groups] == [[-1.5, None], [2.0]]
    assert seen[1] == ({"role": "user", "content": "q"}, {"role": "assistant", "content": "b"})
    assert [failure.sample for failure in mixture.failures] == [1]


def test_texts_become_turns() -> None:
    turns = ({"role": "user", "content": "q"}, {"role": "assistant", "content": "a"})
    assert conversation("q", "a") == turns
    assert conversation([turns[0]], [turns[1]]) == turns


@pytest.mark.parametrize(
    ("given", "fix"),
    [
        ({}, "params.model: is missing; it must be a text: A folder or a hub name"),
        ({"model": "x", "dtype": "float16"}, "params.dtype: is 'float16'; it must be one of auto, "),
        ({"model": "x", "label": 1.5}, "params.label: is 1.5"),
    ],
)
def test_mistakes_are_named(given: dict[str, Any], fix: str) -> None:
    with pytest.raises(UserError, match=fix):
        read_parameters(RewardModelParams, given, "rewards.0.params", "reward_model")
