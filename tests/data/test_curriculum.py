"""Easy problems first, by their level or by what was observed."""

import json
from collections.abc import Sequence
from typing import Any

import pytest

from batches import group
from whet.config import CurriculumConfig
from whet.data.arithmetic import Arithmetic
from whet.data.curriculum import ByLevel, ByPassRate, PassRateGrader
from whet.errors import UserError
from whet.types import Graded, Problem, Prompt


class Plain:
    """Words nothing: a prompt is its problem."""

    def render(self, problem: Problem) -> Prompt:
        return Prompt(problem, (), ())


def leveled(levels: Sequence[Any]) -> list[Problem]:
    return [Problem(str(n), f"{n}?", "1", columns={"level": level}) for n, level in enumerate(levels)]


def by_level(levels: Sequence[Any], **settings: Any) -> ByLevel:
    return ByLevel(leveled(levels), Plain(), CurriculumConfig(by="level", **settings), seed=3)


def drawn(problems: Any, count: int, step: int) -> list[str]:
    return [one.problem.id for one in problems.draw(count, step)]


def test_the_first_step_draws_from_the_easiest() -> None:
    """A fifth of ten problems are two: the two of level 1, wherever they stand."""
    levels = [3, 5, 1, 4, 2, 4, 1, 5, 3, 2]
    assert sorted(drawn(by_level(levels, start=0.2, steps=10), 2, 0)) == ["2", "6"]


def test_the_share_grows_on_a_line_to_all() -> None:
    curriculum = by_level(list(range(100)), start=0.1, steps=10)
    hardest = [max(int(one) for step in range(s, s + 1) for one in drawn(curriculum, 5, step)) for s in range(12)]
    for step, level in enumerate(hardest):
        assert level < 100 * min(0.1 + 0.09 * step, 1.0)
    later = {int(one) for step in range(10, 60) for one in drawn(curriculum, 10, step)}
    assert min(later) < 10
    assert max(later) >= 90


def test_a_step_never_asks_the_same_twice_while_there_are_enough() -> None:
    curriculum = by_level(list(range(40)), start=0.1, steps=5)
    for step in range(10):
        assert len(set(drawn(curriculum, 16, step))) == 16


def test_fewer_problems_than_asked_come_round_again() -> None:
    assert sorted(drawn(by_level([1, 2], start=1.0), 4, 0)) == ["0", "0", "1", "1"]


def test_a_draw_is_a_function_of_seed_and_step() -> None:
    levels = list(range(50))
    first, again = by_level(levels), by_level(levels)
    assert [drawn(first, 8, s) for s in (5, 1, 9)] == [drawn(again, 8, s) for s in (5, 1, 9)]
    other = ByLevel(leveled(levels), Plain(), CurriculumConfig(by="level"), seed=4)
    assert drawn(other, 8, 9) != drawn(first, 8, 9)


def test_levels_in_words() -> None:
    assert drawn(by_level(["Level 5", "Level 1", "Level 3"], start=0.3), 1, 0) == ["1"]


def test_a_problem_without_a_level_is_named() -> None:
    with pytest.raises(UserError, match=r"grpo\.curriculum\.level: 1 has no number in 'level'; its columns are level"):
        by_level([1, "hard", 3])


def test_an_endless_source_cannot_be_sorted() -> None:
    with pytest.raises(UserError, match=r"set data\.train\.limit"):
        ByLevel(Arithmetic(level=1), Plain(), CurriculumConfig(by="level"), 0)


class InOrder:
    """Draws 0, 1, 2, … in every step."""

    def draw(self, count: int, step: int) -> list[Prompt]:
        return [Prompt(Problem(str(n), "?", "1"), (), ()) for n in range(count)]


def by_pass_rate(candidates: int = 2, full_marks: float = 1.0) -> ByPassRate:
    return ByPassRate(InOrder(), candidates, lambda step: full_marks)


def test_problems_never_asked_keep_their_order() -> None:
    assert drawn(by_pass_rate(candidates=3), 4, 0) == ["0", "1", "2", "3"]


def test_what_is_always_or_never_solved_comes_last() -> None:
    curriculum = by_pass_rate()
    curriculum.observe([group([1, 1, 1, 1], name="0"), group([0, 0, 0, 0], name="1"), group([1, 0, 1, 0], name="3")], 0)
    assert drawn(curriculum, 3, 0) == ["2", "3", "4"]
    assert drawn(curriculum, 4, 0) == ["2", "3", "4", "5"]


def test_promise_by_hand() -> None:
    """Three of four solved: p = 4/6, p (1 − p) = 2/9. A reward of 1.1 under full marks of 1.1 is a whole success.

    A penalty is a failure, and a reward that does not apply is no try: then p = 4/7.
    """
    curriculum = by_pass_rate(full_marks=1.1)
    assert curriculum.promise("x") == 0.25
    curriculum.observe([group([1.1, 1.1, 1.1, 0.0], name="x")], 0)
    assert curriculum.promise("x") == pytest.approx(2 / 9)
    curriculum.observe([group([-3.0, None], name="x")], 0)
    assert curriculum.promise("x") == pytest.approx(4 / 7 * 3 / 7)


def test_full_marks_are_those_of_the_step() -> None:
    """A reward of 1 is half of what there is at first, and all of it from step 50 on: 4 · ½ + 4 · 1 of 8."""
    curriculum, again = (ByPassRate(InOrder(), 2, lambda step: 2.0 if step < 50 else 1.0) for _ in range(2))
    curriculum.observe([group([1, 1, 1, 1], name="x")], 49)
    again.load_state_dict(json.loads(json.dumps(curriculum.state_dict())))
    for one in (curriculum, again):
        one.observe([group([1, 1, 1, 1], name="x")], 50)
        assert one.seen == {"x": (6.0, 8)}
        assert one.promise("x") == pytest.approx(7 / 10 * 3 / 10)


def test_the_curriculum_sees_what_is_graded() -> None:
    graded = Graded((group([1, 0], name="a"), group([1, 1], name="b")), {"x": [1.0]}, {"of/it": 2.0})

    class Grades:
        def grade(self, prompts: Any, outputs: Any, step: int) -> Graded:
            assert step == 6
            return graded

    curriculum = ByPassRate(InOrder(), 2, lambda step: {6: 1.0}[step])
    assert PassRateGrader(Grades(), curriculum).grade([], [], 6) is graded
    assert curriculum.seen == {"a": (1.0, 2), "b": (2.0, 2)}


def test_a_curriculum_remembers_what_json_kept() -> None:
    curriculum, again = by_pass_rate(), by_pass_rate()
    curriculum.observe([group([1, 1, 1, 1], name="0"), group([0, 0, 0, 0], name="1"), group([1, 0, 1, 0], name="3")], 0)
    again.load_state_dict(json.loads(json.dumps(curriculum.state_dict())))
    assert again.seen == curriculum.seen == {"0": (4.0, 4), "1": (0.0, 4), "3": (2.0, 4)}
    assert drawn(again, 3, 0) == drawn(curriculum, 3, 0)
