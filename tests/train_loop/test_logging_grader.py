"""The recipe's rewards at work: what fails is said."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import pytest

from batches import prompt, rollout
from whet.errors import UserError
from whet.rewards.constant import ConstantRewards
from whet.rewards.mixture import Mixture, Part
from whet.train_loop.clock import Clock
from whet.train_loop.logging_grader import LoggingGrader, failure_lines
from whet.types import ComparisonTimeout, Failure, Graded, Group, Reward
from wiring import listening

PROMPTS = [prompt("one", (1,)), prompt("two", (2,))]
OUTPUTS = [[rollout([1]), rollout([2])], [rollout([3]), rollout([4])]]


def fails_on(*tokens: int) -> Any:
    """A reward that raises for responses of these tokens, and gives 1 to all others."""

    def reward(completion_ids: Sequence[Sequence[int]], **columns: Any) -> list[float]:
        if any(ids[0] in tokens for ids in completion_ids):
            raise RuntimeError("oh\nno " + "x" * 500)
        return [1.0] * len(completion_ids)

    return reward


def around(mixture: Mixture, view: Any, clock: Clock | None = None) -> LoggingGrader:
    return LoggingGrader(mixture, mixture.on_error, view, clock or Clock())


def test_groups_are_those_of_the_mixture() -> None:
    lines, view = listening()
    mixture = Mixture([Part("one", fails_on(), 2.0)])
    graded = around(mixture, view).grade(PROMPTS, OUTPUTS, 3)
    groups = graded.groups
    assert graded == replace(mixture.grade(PROMPTS, OUTPUTS, 3), metrics={"grading/unjudged": 0.0})
    assert [[reward.total for reward in group.rewards] for group in groups] == [[2.0, 2.0], [2.0, 2.0]]
    assert [group.prompt for group in groups] == PROMPTS
    assert lines == []


def test_what_fails_is_said_once_per_reward_and_step() -> None:
    lines, view = listening()
    mixture = Mixture([Part("some", fails_on(2, 3)), Part("none", fails_on()), Part("last", fails_on(4), 1.0, "zero")])
    grader = around(mixture, view)
    graded = grader.grade(PROMPTS, OUTPUTS, 5)
    assert [(one.reward, one.problem, one.sample) for one in graded.failures] == [
        ("some", "one", 1),
        ("some", "two", 0),
        ("last", "two", 1),
    ]
    grader.grade(PROMPTS, [[rollout([1])], [rollout([1])]], 6)
    some, last = lines
    assert some.startswith(
        "step 5: reward some failed 2 times, first on sample 1 of problem one: raised RuntimeError: oh"
    )
    assert some.endswith("(on_error: skip)")
    assert last.startswith("step 5: reward last failed once, on sample 1 of problem two: raised RuntimeError")
    assert last.endswith("(on_error: zero)")
    assert all("\n" not in line and len(line) < 300 for line in lines)


def test_the_step_is_told_to_the_functions() -> None:
    told = []

    def reward(trainer_state: Any, completions: list[Any], **columns: Any) -> list[float]:
        told.append(trainer_state.global_step)
        return [0.0] * len(completions)

    around(Mixture([Part("r", reward)]), listening()[1]).grade(PROMPTS, OUTPUTS, 7)
    assert told == [7]


def test_a_failure_of_the_whole_step_names_no_sample() -> None:
    calls = []

    def reward(completions: list[Any], **columns: Any) -> list[float]:
        calls.append(len(completions))
        return [0.0] * (1 if len(completions) == 1 else 3)

    mixture = Mixture([Part("r", reward)])
    (line,) = failure_lines(mixture.grade(PROMPTS, OUTPUTS).failures, mixture.on_error)
    assert line.startswith("reward r failed once: returned 3 rewards for 4 completions over the whole step")
    assert "sample None" not in line


def test_a_reward_that_must_not_fail_ends_it() -> None:
    lines, view = listening()
    with pytest.raises(UserError, match=r"reward 'r' raised RuntimeError: oh no .* on sample 0 of problem 'two'"):
        around(Mixture([Part("r", fails_on(3), 1.0, "fail")]), view).grade(PROMPTS, OUTPUTS, 0)
    assert lines == []


def test_grading_is_on_the_clock() -> None:
    """Also where it ends the run; how long it took at most says what is a stall."""
    clock, under_way = Clock(), []

    def reward(completions: list[Any], **columns: Any) -> list[float]:
        under_way.append(clock.under_way[0])
        return [0.0] * len(completions)

    around(Mixture([Part("r", reward)]), listening()[1], clock).grade(PROMPTS, OUTPUTS, 0)
    assert under_way == ["grade"]
    first = clock.seconds["grade"]
    assert first > 0
    with pytest.raises(UserError):
        around(Mixture([Part("r", fails_on(3), 1.0, "fail")]), listening()[1], clock).grade(PROMPTS, OUTPUTS, 0)
    assert clock.seconds["grade"] > first
    assert clock.under_way == ("", 0.0)


class Given:
    """A grader of any kind: what it returns was made elsewhere."""

    def __init__(self, graded: Graded) -> None:
        self.graded = graded

    def grade(self, prompts: Any, outputs: Any, step: int) -> Graded:
        return self.graded


def test_any_grader_may_be_under_it() -> None:
    """Its failures are said in each step, time-outs in the first, with the fix; then these are only counted."""
    lines, view = listening()
    groups = tuple(
        Group(asked, tuple(row), (Reward(0.0),) * len(row)) for asked, row in zip(PROMPTS, OUTPUTS, strict=True)
    )
    given = OUTPUTS[0][0].text
    late = ComparisonTimeout(given, PROMPTS[0].problem.answer, "took longer than 5 s and was stopped")
    graded = Graded(
        groups, {"a": [1.0]}, {"b": 2.0}, (Failure("r", "two", 1, "gave nan"),), (late, replace(late, given="y")), 4
    )
    grader = LoggingGrader(Given(graded), {"r": "zero"}, view, Clock())
    for step in (8, 9):
        told = grader.grade(PROMPTS, OUTPUTS, step)
        assert told == replace(graded, metrics={"b": 2.0, "grading/unjudged": 2.0})
    assert grader.grade(PROMPTS, OUTPUTS, 9).metrics["grading/unjudged"] == 4.0, "a second round of step 9"
    failed = "reward r failed once, on sample 1 of problem two: gave nan (on_error: zero)"
    line = lines.pop(1)
    assert lines == [f"step {step}: {failed}" for step in (8, 9, 9)]
    assert line.startswith(
        "step 8: comparing an answer was given up 2 times, first on sample 0 of problem one: "
        f"{given!r} took longer than 5 s and was stopped (counts as not equal): raise grpo.comparison_seconds"
    )


def test_a_reward_that_is_the_same_for_a_whole_step_is_said_once() -> None:
    lines, view = listening()
    rollouts = tuple(replace(rollout([1]), text=f"text {n}") for n in range(8))
    group = Group(PROMPTS[0], rollouts, tuple(Reward(0.0, {"mine": 0.0}) for _ in rollouts))
    grader = LoggingGrader(Given(Graded((group,))), {}, view, Clock(), ConstantRewards({"mine": "text"}))
    grader.grade([], [], 4)
    grader.grade([], [], 5)
    assert [line.partition(";")[0] for line in lines] == ["step 4: reward mine gave 0 to all of 8 different responses"]
