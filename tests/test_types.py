"""The words are complete when made, frozen, and say what they mean."""

from dataclasses import FrozenInstanceError, fields, replace
from statistics import fmean

import pytest

from batches import group, prompt, rollout
from whet import types
from whet.types import (
    Collected,
    ComparisonTimeout,
    Completion,
    Failure,
    GoldFailure,
    Graded,
    Group,
    Problem,
    Request,
    Reward,
    Rollout,
    SamplingParams,
    Token,
    Verdict,
)

WORDS = [
    Problem("1", "1 + 1?", "2"),
    prompt("1"),
    SamplingParams(),
    Request((5, 6), (1, 2)),
    Token(7, -1.0, None),
    Completion((7, 2), (-1.0, -0.5), "stop"),
    rollout([1, 2]),
    Reward(1.0),
    group([1.0, 0.0]),
    Failure("accuracy", "1", 0, "raised"),
    ComparisonTimeout("x", "y", "took longer than 5 s"),
    Graded((group([1.0, 0.0]),)),
    Collected((group([1.0, 0.0]),)),
    Verdict(True, True, "2", True),
    GoldFailure(Problem("1", "1 + 1?", "2"), "two", Reward(0.0), 1.0, {"accuracy": 0.0}),
]


@pytest.mark.parametrize("made", WORDS, ids=lambda made: type(made).__name__)
def test_nothing_changes_its_meaning_on_the_way(made: object) -> None:
    for field in fields(made):  # type: ignore[arg-type]
        with pytest.raises(FrozenInstanceError):
            setattr(made, field.name, None)
    with pytest.raises((AttributeError, TypeError)):
        made.another = 1  # type: ignore[attr-defined]


def test_every_word_is_tested_here() -> None:
    defined = {word for word in vars(types).values() if isinstance(word, type) and word.__module__ == types.__name__}
    assert defined == set(map(type, WORDS))


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


@pytest.mark.parametrize("loss_mask", [(), (True,), (True, False, True)])
def test_a_loss_mask_speaks_of_every_token(loss_mask: tuple[bool, ...]) -> None:
    with pytest.raises(ValueError, match=f"2 tokens but a loss mask of {len(loss_mask)}"):
        Rollout((1, 2), (-1.0, -1.0), "", "stop", loss_mask=loss_mask)


def test_the_policys_own_logprobs_are_those_of_the_tokens_that_it_sampled() -> None:
    whole = rollout([1, 2, 3], [-1.0, 0.0, -3.0])
    assert whole.sampled_logprobs == (-1.0, 0.0, -3.0)
    assert replace(whole, loss_mask=(True, False, True)).sampled_logprobs == (-1.0, -3.0)
    assert replace(whole, loss_mask=(False,) * 3).sampled_logprobs == ()


def test_rounds_of_grading_add_up() -> None:
    """Groups, failures and every logged value in order; of a grader's own figures the last, which are of the step."""
    groups = [group([1.0, 0.0], name=name) for name in "ab"]
    failures = [Failure("r", name, 0, "raised") for name in "ab"]
    first = Graded((groups[0],), {"x": [1.0, 2.0], "y": [5.0]}, {"replay/rollouts": 1.0}, (failures[0],))
    second = Graded((groups[1],), {"x": [6.0], "z": [7.0]}, {"replay/rollouts": 3.0}, (failures[1],))
    both = first + second
    assert both.groups == tuple(groups)
    assert both.failures == tuple(failures)
    assert both.logged == {"x": [1.0, 2.0, 6.0], "y": [5.0], "z": [7.0]}
    assert both.metrics == {"replay/rollouts": 3.0}
    assert first.logged == {"x": [1.0, 2.0], "y": [5.0]}, "neither side is changed"


def test_what_is_logged_is_averaged_over_values_not_over_rounds() -> None:
    rounds = Graded((), {"x": [1.0, 2.0]}) + Graded((), {"x": [6.0]})
    assert Collected.of(rounds).logged == {"x": fmean([1.0, 2.0, 6.0])}


def test_the_cost_is_that_of_all_rounds() -> None:
    whole = group([1.0, 0.0, 0.5], lengths=[3, 4, 5])
    late = ComparisonTimeout("x", "y", "took longer than 5 s")
    rounds = Graded((whole,), tokens=12, timeouts=(late,)) + Graded((whole,), tokens=14)
    assert Collected.of(rounds).tokens == 26
    assert rounds.timeouts == (late,)


def test_what_is_asked_has_earlier_turns_but_no_system_turn() -> None:
    turns = ({"role": "system", "content": "Be curt."}, {"role": "user", "content": "3 + 4?"})
    assert Problem("1", "Why?", "7", turns=turns).asked == "3 + 4?\n\nWhy?"
    assert Problem("1", "Why?", "7").asked == "Why?"


def test_a_problem_goes_by_its_row_or_its_id() -> None:
    assert (Problem("p", "?", "1").name, Problem("p", "?", "1", row=3).name) == ("p", "row 3")
