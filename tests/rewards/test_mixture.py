"""The sum of reward functions, and what becomes of it when they fail."""

import math
from dataclasses import replace
from typing import Any

import pytest

from rewards.steps import contents, step
from whet.config import WeightConfig
from whet.errors import UserError
from whet.rewards.mixture import Mixture, Part
from whet.types import ComparisonTimeout, Failure, Graded


def length(completions: list[Any], **kwargs: Any) -> list[float]:
    """As written for TRL on chat data."""
    return [float(len(completion[0]["content"])) for completion in completions]


def right(completions: list[Any], answer: list[str], **kwargs: Any) -> list[float]:
    return [float(text == gold) for text, gold in zip(contents(completions), answer, strict=True)]


def fragile(completions: list[Any], **kwargs: Any) -> list[float]:
    """Fails on a text that is no number, and takes the whole call with it."""
    return [float(text) for text in contents(completions)]


def totals(graded: Graded) -> list[list[float | None]]:
    return [[reward.total for reward in group.rewards] for group in graded.groups]


def test_the_weighted_sum() -> None:
    prompts, outputs = step(a=["82", "7"], b=["82"])
    graded = Mixture([("right", right, 2.0), ("length", length, -0.5)]).grade(prompts, outputs)
    groups = graded.groups
    assert totals(graded) == [[1.0, -0.5], [1.0]]
    assert groups[0].rewards[0].parts == {"right": 1.0, "length": 2.0}
    assert [group.prompt for group in groups] == prompts
    assert [list(group.rollouts) for group in groups] == outputs


def test_each_function_is_called_once_for_the_whole_step() -> None:
    sizes = []

    def counting(completions: list[Any], **kwargs: Any) -> list[float]:
        sizes.append(len(completions))
        return [0.0] * len(completions)

    prompts, outputs = step(a=["1", "2"], b=["3"])
    Mixture([("counting", counting, 1.0)]).grade(prompts, outputs)
    assert sizes == [3]


def test_none_is_left_out_and_all_none_is_none() -> None:
    def sometimes(completions: list[Any], **kwargs: Any) -> list[float | None]:
        return [None if text == "7" else 1.0 for text in contents(completions)]

    prompts, outputs = step(a=["82", "7"])
    both = Mixture([("sometimes", sometimes, 1.0), ("right", right, 1.0)])
    graded = both.grade(prompts, outputs)
    assert totals(graded) == [[2.0, 0.0]]
    assert graded.failures == ()
    assert totals(Mixture([("sometimes", sometimes, 1.0)]).grade(prompts, outputs)) == [[1.0, None]]


def test_one_bad_sample_costs_only_its_own_reward() -> None:
    prompts, outputs = step(a=["5", "five"], b=["6"])
    mixture = Mixture([("fragile", fragile, 1.0), ("right", right, 1.0)])
    graded = mixture.grade(prompts, outputs)
    assert totals(graded) == [[5.0, 0.0], [6.0]]
    assert graded.groups[0].rewards[1].parts == {"fragile": None, "right": 0.0}
    what = "raised ValueError: could not convert string to float: 'five'"
    assert graded.failures == (Failure("fragile", "a", 1, what),)


@pytest.mark.parametrize("bad", [math.nan, math.inf, "1.0", [1.0]])
def test_what_is_no_reward_is_named(bad: Any) -> None:
    prompts, outputs = step(a=["1", "2"], b=["3"])
    mixture = Mixture([("bad", lambda **kwargs: [1.0, 1.0, bad], 1.0)])
    graded = mixture.grade(prompts, outputs)
    assert totals(graded) == [[1.0, 1.0], [None]]
    assert graded.failures == (Failure("bad", "b", 0, f"gave {bad!r}"),)


def test_policies() -> None:
    prompts, outputs = step(a=["5", "five"])
    zero = Mixture([Part("fragile", fragile, 1.0, "zero"), Part("right", right)])
    assert zero.on_error == {"fragile": "zero", "right": "skip"}
    graded = zero.grade(prompts, outputs)
    assert totals(graded) == [[5.0, 0.0]]
    assert len(graded.failures) == 1
    with pytest.raises(UserError, match=r"reward 'fragile' raised ValueError.* sample 1 of problem 'a'"):
        Mixture([Part("fragile", fragile, 1.0, "fail")]).grade(prompts, outputs)


@pytest.mark.parametrize("result", [None, [], [1.0], 5, ValueError])
def test_a_function_that_always_fails_takes_nothing_else_along(result: Any) -> None:
    def hopeless(**kwargs: Any) -> Any:
        if result is ValueError:
            raise ValueError("never")
        return result if len(kwargs["completions"]) > 1 else []

    prompts, outputs = step(a=["82", "7"])
    mixture = Mixture([("hopeless", hopeless, 1.0), ("right", right, 1.0)])
    graded = mixture.grade(prompts, outputs)
    assert totals(graded) == [[1.0, 0.0]]
    assert [(failure.problem, failure.sample) for failure in graded.failures] == [("a", 0), ("a", 1)]


def test_a_failure_of_the_whole_step_alone_is_told_too() -> None:
    def only_alone(completions: list[Any], **kwargs: Any) -> list[float]:
        return [1.0] if len(completions) == 1 else []

    prompts, outputs = step(a=["82", "7"])
    mixture = Mixture([("only_alone", only_alone, 1.0)])
    graded = mixture.grade(prompts, outputs)
    assert totals(graded) == [[1.0, 1.0]]
    assert [(failure.problem, failure.sample) for failure in graded.failures] == [(None, None)]
    assert "0 rewards for 2 completions" in graded.failures[0].what


def test_nothing_is_kept_of_the_last_call() -> None:
    """What failed and what was logged is of one call, and stays with what it returned."""

    def logging(completions: list[Any], log_metric: Any, **kwargs: Any) -> list[float]:
        log_metric("first", float(contents(completions)[0] == "five"))
        return fragile(completions)

    mixture = Mixture([("fragile", logging, 1.0)])
    failed, well = (mixture.grade(*step(a=texts)) for texts in (["five", "six"], ["8"]))
    assert [[failure.sample for failure in graded.failures] for graded in (failed, well)] == [[0, 1], []]
    assert [dict(graded.logged) for graded in (failed, well)] == [{"first": [1.0]}, {"first": [0.0]}]
    assert mixture.grade(*step(a=["five", "six"])) == failed


def test_async_functions_beside_others() -> None:
    async def later(completions: list[Any], **kwargs: Any) -> list[float]:
        return [float(text) for text in contents(completions)]

    mixture = Mixture([("later", later, 1.0), ("right", right, 1.0)])
    assert totals(mixture.grade(*step(a=["82", "7"]))) == [[83.0, 7.0]]
    graded = mixture.grade(*step(a=["82", "x"]))
    assert totals(graded) == [[83.0, 0.0]]
    assert len(graded.failures) == 1


def test_what_functions_log_and_ask() -> None:
    def curious(
        completions: list[Any], trainer_state: Any, log_metric: Any, log_extra: Any, **kwargs: Any
    ) -> list[float]:
        log_metric("tokens", sum(map(len, kwargs["completion_ids"])))
        log_metric("tokens", 7)
        log_extra("texts", contents(completions))
        return [float(trainer_state.global_step)] * len(completions)

    mixture = Mixture([("curious", curious, 1.0)])
    graded = mixture.grade(*step(a=["82", "7"]), step=4)
    assert totals(graded) == [[4.0, 4.0]]
    assert [dict(reward.extra) for reward in graded.groups[0].rewards] == [{"texts": "82"}, {"texts": "7"}]
    assert graded.logged == {"tokens": [2.0, 7.0]}, "every value, so that rounds of a step can be joined"


def test_two_parts_of_one_name_are_told_apart() -> None:
    mixture = Mixture([("length", length, 1.0), ("length", length, 1.0)])
    assert mixture.grade(*step(a=["82"])).groups[0].rewards[0].parts == {"length": 2.0, "length_2": 2.0}


def test_full_marks() -> None:
    one, half = Part("one", length, 1.0, max_score=1.0), Part("half", length, 0.5, max_score=1.0)
    penalty, unknown = Part("penalty", length, -1.0, max_score=1.0), Part("unknown", length, 1.0)
    assert Mixture([one, half, penalty]).full_marks(0) == 1.5
    assert Mixture([one, unknown]).full_marks(0) is None


def test_full_marks_move_with_the_weights() -> None:
    """At step 25 half of the falling weight is left, at step 50 none; a rising penalty is at best 0 throughout."""
    falls = Part("falls", length, WeightConfig(start=1, end=0, steps=50), max_score=1.0)
    penalty = Part("penalty", length, WeightConfig(start=0, end=-1, steps=50), max_score=1.0)
    mixture = Mixture([Part("one", length, max_score=1.0), falls, penalty])
    assert [mixture.full_marks(step) for step in (0, 25, 50, 99)] == [2.0, 1.5, 1.0, 1.0]


def test_weights_move_with_the_step() -> None:
    gentle = Part("length", length, WeightConfig(start=1, end=0, steps=4))
    strict = Part("right", right, WeightConfig(start=0, end=2, steps=4))
    mixture = Mixture([gentle, strict])
    steps = {step: totals(mixture.grade(*step_of_two(), step=step)) for step in (0, 1, 4, 100)}
    assert steps == {0: [[2.0, 1.0]], 1: [[2.0, 0.75]], 4: [[2.0, 0.0]], 100: [[2.0, 0.0]]}
    assert mixture.grade(*step_of_two(), step=4).groups[0].rewards[0].parts == {"length": 2.0, "right": 1.0}


def step_of_two() -> Any:
    return step(a=["82", "7"])


def test_what_gold_must_get() -> None:
    later = Part("later", length, WeightConfig(start=0, end=1, steps=9), max_score=1.0)
    parts = [
        later,
        Part("manner", length, max_score=1.0, checks_gold=False),
        Part("unknown", length),
        Part("penalty", length, -1.0, max_score=1.0),
        Part("falls", length, WeightConfig(start=-1, end=0, steps=9), max_score=1.0),
    ]
    assert Mixture(parts).gold_marks() == {"later": 1.0}
    assert Mixture([later]).full_marks(0) == 0.0


def test_an_empty_step() -> None:
    assert Mixture([("fragile", fragile, 1.0)]).grade([], []) == Graded(())
    prompts, outputs = step(a=[])
    assert Mixture([("fragile", fragile, 1.0)]).grade(prompts, outputs).groups[0].rewards == ()


def test_a_reward_says_what_each_part_counts() -> None:
    ones = lambda completions, **_: [1.0] * len(completions)  # noqa: E731
    (group,) = Mixture([("a", ones, 0.5), Part("b", ones, -2.0)]).grade(*step(q=["x", "y"])).groups
    assert [dict(reward.weights) for reward in group.rewards] == [{"a": 0.5, "b": -2.0}] * 2


def test_comparisons_that_ran_out_of_time_are_of_the_grading_they_were_in() -> None:
    late: list[ComparisonTimeout] = []

    def compares(completions: list[Any], **kwargs: Any) -> list[float]:
        late.extend(ComparisonTimeout(text, "82", "was late") for text in contents(completions))
        return [0.0] * len(completions)

    def take() -> list[ComparisonTimeout]:
        taken = late[:]
        late.clear()
        return taken

    mixture = Mixture([("compares", compares, 1.0)], take)
    found = [mixture.grade(*step(a=texts)).timeouts for texts in (["1", "2"], ["3"])]
    assert [[one.given for one in some] for some in found] == [["1", "2"], ["3"]]
    assert Mixture([("compares", compares, 1.0)]).grade(*step(a=["4"])).timeouts == ()


def test_what_two_functions_note_under_one_name_is_told_apart() -> None:
    def notes(value: Any) -> Any:
        def reward(completions: list[Any], log_extra: Any, **kwargs: Any) -> list[float]:
            log_extra("seen", [value] * len(completions))
            return [0.0] * len(completions)

        return reward

    mixture = Mixture([("notes", notes(1), 1.0), ("notes", notes({2}), 1.0)])
    (group,) = mixture.grade(*step(a=["82", "7"])).groups
    assert [dict(reward.extra) for reward in group.rewards] == [{"notes/seen": 1, "notes_2/seen": "{2}"}] * 2


class Ahead:
    """A reward that writes down which completions it was to prepare for."""

    def __init__(self) -> None:
        self.seen: list[str] = []

    def __call__(self, completions: list[Any], **kwargs: Any) -> list[float]:
        return [1.0] * len(completions)

    def ahead(self, completions: list[Any], answer: list[str], **kwargs: Any) -> None:
        self.seen += [f"{content} {gold}" for content, gold in zip(contents(completions), answer, strict=True)]


def test_work_ahead_is_for_those_who_can_and_not_where_a_problem_has_a_verifier() -> None:
    reward = Ahead()
    mixture = Mixture([("able", reward, 1.0), ("length", length, 1.0)])
    prompts, outputs = step(a=["one", "two"])
    before = mixture.grade(prompts, outputs)
    for rollout in outputs[0]:
        mixture.ahead(prompts[0], rollout)
    gold = prompts[0].problem.answer
    assert reward.seen == [f"one {gold}", f"two {gold}"]
    assert mixture.grade(prompts, outputs) == before
    checked = replace(prompts[0].problem, columns={"verifier": lambda answer: 1.0})
    mixture.ahead(replace(prompts[0], problem=checked), outputs[0][0])
    assert len(reward.seen) == 2
