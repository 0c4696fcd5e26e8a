"""The words are complete when made, frozen, and say what they mean."""

from dataclasses import FrozenInstanceError, fields, replace

import pytest

from batches import group, prompt, rollout
from whet import types
from whet.types import GoldFailure, Group, Problem, Prompt, Reward, Rollout, Verdict

WORDS = (Problem, Prompt, Rollout, Reward, Group, Verdict, GoldFailure)


@pytest.mark.parametrize(
    "made",
    [
        Problem("1", "1 + 1?", "2"),
        prompt("1"),
        rollout([1, 2]),
        Reward(1.0),
        group([1.0, 0.0]),
        Verdict(True, True, "2", True),
        GoldFailure(Problem("1", "1 + 1?", "2"), "two", Reward(0.0), 1.0, {"accuracy": 0.0}),
    ],
    ids=lambda made: type(made).__name__,
)
def test_nothing_changes_its_meaning_on_the_way(made: object) -> None:
    for field in fields(made):  # type: ignore[arg-type]
        with pytest.raises(FrozenInstanceError):
            setattr(made, field.name, None)
    with pytest.raises((AttributeError, TypeError)):
        made.another = 1  # type: ignore[attr-defined]


def test_every_word_is_tested_here() -> None:
    defined = {word for word in vars(types).values() if isinstance(word, type) and word.__module__ == types.__name__}
    assert defined == set(WORDS)


@pytest.mark.parametrize(("tokens", "logprobs"), [((1, 2), (-1.0,)), ((), (-1.0,)), ((1,), ())])
def test_a_rollout_has_a_logprob_for_every_token(tokens: tuple[int, ...], logprobs: tuple[float, ...]) -> None:
    with pytest.raises(ValueError, match=f"{len(tokens)} tokens but {len(logprobs)} log-probabilities"):
        Rollout(tokens, logprobs, "", "stop")


@pytest.mark.parametrize(("rollouts", "rewards"), [(2, 1), (1, 2), (0, 1)])
def test_a_group_has_a_reward_for_every_rollout(rollouts: int, rewards: int) -> None:
    with pytest.raises(ValueError, match=f"{rollouts} rollouts but {rewards} rewards"):
        Group(prompt("1"), (rollout([1]),) * rollouts, (Reward(1.0),) * rewards)


@pytest.mark.parametrize(
    ("rewards", "signal"),
    [
        ([1.0, 0.0], True),
        ([0.0, 0.0, 1e-9], True),
        ([1.0, 1.0], False),
        ([0.1] * 7, False),
        ([], False),
        ([1.0], False),
        ([None, None], False),
        ([None, 1.0, 1.0], False),
        ([None, 1.0, 0.0], True),
        ([None, 1.0], False),
        ([0.0, -0.0], False),
    ],
)
def test_a_group_has_a_signal_where_its_rewards_differ(rewards: list[float | None], signal: bool) -> None:
    assert group(rewards).has_signal is signal


def test_columns_and_parts_are_not_shared_between_instances() -> None:
    assert Problem("1", "", "").columns is not Problem("2", "", "").columns
    assert Reward(1.0).parts is not Reward(1.0).parts


def test_a_row_is_no_part_of_what_a_problem_is() -> None:
    assert Problem("1", "1 + 1?", "2", row=7) == Problem("1", "1 + 1?", "2")


def test_a_gold_failure_is_json() -> None:
    failure = GoldFailure(Problem("1", "1 + 1?", "2"), "two", Reward(0.5), 1.5, {"accuracy": None})
    assert failure.as_dict() == {
        "id": "1",
        "question": "1 + 1?",
        "answer": "2",
        "response": "two",
        "reward": 0.5,
        "full": 1.5,
        "parts": {"accuracy": None},
    }


def test_what_is_fresh_is_what_was_not_replayed() -> None:
    whole = group([1.0, 0.0, 0.5])
    assert whole.fresh is whole
    first, second, third = whole.rollouts
    mixed = replace(whole, rollouts=(first, replace(second, replayed=True), third))
    assert mixed.fresh.rollouts == (first, third)
    assert [reward.total for reward in mixed.fresh.rewards] == [1.0, 0.5]
    assert mixed.fresh.prompt is whole.prompt
