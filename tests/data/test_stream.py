"""Draws are a function of (seed, step): each problem once an epoch, across kills and straddled epochs."""

import random
from collections import Counter

import pytest

from whet.data.arithmetic import Arithmetic
from whet.data.stream import ProblemStream, held_out
from whet.errors import UserError
from whet.types import Problem, Prompt


class Plain:
    """Words nothing: a prompt is its problem."""

    def render(self, problem: Problem) -> Prompt:
        return Prompt(problem, (), ())


def stream(size: int, seed: int = 0) -> ProblemStream:
    return ProblemStream([Problem(str(i), f"{i}?", str(i)) for i in range(size)], Plain(), seed)


def ids(prompts: list[Prompt]) -> list[str]:
    return [prompt.problem.id for prompt in prompts]


@pytest.mark.parametrize(("size", "count"), [(10, 5), (10, 3), (7, 8), (1, 4), (96, 8)])
def test_an_epoch_uses_each_problem_once(size: int, count: int) -> None:
    flat = [i for step in range(3 * size) for i in ids(stream(size).draw(count, step))]
    epochs = [flat[start : start + size] for start in range(0, len(flat), size)]
    assert all(sorted(epoch) == sorted(map(str, range(size))) for epoch in epochs)
    assert size < 5 or len({tuple(epoch) for epoch in epochs}) > 1


def test_a_draw_knows_nothing_of_earlier_ones() -> None:
    forwards = [ids(stream(50).draw(8, step)) for step in range(20)]
    one = stream(50)
    assert [ids(one.draw(8, step)) for step in reversed(range(20))] == forwards[::-1]


def test_seeds_differ_and_the_order_is_not_the_files() -> None:
    assert ids(stream(50, seed=1).draw(50, 0)) != ids(stream(50, seed=2).draw(50, 0))
    assert ids(stream(50).draw(50, 0)) != [str(i) for i in range(50)]
    assert ids(stream(50).draw(50, 0)) != ids(stream(50).draw(50, 1))


def test_twenty_random_kills_skip_and_double_nothing() -> None:
    """Five epochs of 64 problems, 8 a step; a killed run starts again at the step it was in."""
    dice, consumed, step = random.Random(3), list[str](), 0
    kills = set(dice.sample(range(40), 20))
    while step < 40:
        fresh = stream(64, seed=9)
        while step < 40:
            prompts = ids(fresh.draw(8, step))
            if step in kills:
                kills.remove(step)
                break
            consumed += prompts
            step += 1
    assert Counter(consumed) == {str(i): 5 for i in range(64)}


def test_an_endless_source_is_drawn_without_end() -> None:
    endless = ProblemStream(Arithmetic(level=3), Plain(), seed=4)
    first = ids(endless.draw(64, 0))
    assert first == ids(endless.draw(64, 0))
    assert len(set(first) | set(ids(endless.draw(64, 10**6)))) > 120


def test_no_problems_are_refused() -> None:
    with pytest.raises(UserError, match="has no problems"):
        stream(0)


def test_the_held_out_subset_is_fixed_distinct_and_nested() -> None:
    problems = list(stream(100).problems)
    small, large = held_out(problems, 10), held_out(problems, 40)
    assert large[:10] == small
    assert len({p.id for p in large}) == 40
    assert held_out(problems, 40) == large
    assert held_out(problems, 40, seed=1) != large
    assert sorted(p.id for p in held_out(problems, 500)) == sorted(p.id for p in problems)


def test_a_small_endless_source_gives_what_it_has() -> None:
    asked = held_out(Arithmetic("test", level=1), 64)
    assert 5 < len(asked) < 64
    assert len({p.question for p in asked}) == len(asked)
    assert len(held_out(Arithmetic("test", level=2), 256)) == 256
