"""Mixtures: exact shares in every block, nothing left out, and draws that depend on seed and step alone."""

from collections import Counter
from dataclasses import dataclass

import pytest
from hypothesis import given
from hypothesis import strategies as st

from whet.data.arithmetic import Arithmetic
from whet.data.mixed import Mixture, parts_of
from whet.data.stream import ProblemStream
from whet.types import Problem, Prompt


def source(name: str, size: int) -> list[Problem]:
    return [Problem(f"{name}{i}", f"{name}{i}?", "1", source=name) for i in range(size)]


@dataclass
class Bare:
    def render(self, problem: Problem) -> Prompt:
        return Prompt(problem, (), ())


def names(problems: list[Problem]) -> Counter[str]:
    return Counter(problem.source for problem in problems)


def test_weights_are_shares_of_every_block() -> None:
    mixture = Mixture((source("a", 600), source("b", 10)), (3.0, 1.0))
    assert len(mixture) == 800
    for start in range(0, 800, 4):
        assert names(mixture[start : start + 4]) == {"a": 3, "b": 1}
    assert len({problem.id for problem in mixture}) == 610


def test_places_of_a_source_are_spread_out() -> None:
    mixture = Mixture((source("a", 8), source("b", 8)), (1.0, 1.0))
    assert [problem.id for problem in mixture[:4]] == ["a0", "b0", "a1", "b1"]


def test_a_smaller_source_comes_round_again() -> None:
    mixture = Mixture((source("a", 6), source("b", 2)), (1.0, 1.0))
    assert [problem.id for problem in mixture if problem.source == "b"] == ["b0", "b1"] * 3


@given(
    sizes=st.lists(st.integers(1, 300), min_size=1, max_size=4),
    weights=st.lists(st.floats(0.001, 1000), min_size=4, max_size=4),
)
def test_every_problem_is_there_and_shares_are_right_to_a_hundredth(sizes: list[int], weights: list[float]) -> None:
    parts = tuple(source("abcd"[k], size) for k, size in enumerate(sizes))
    used = tuple(weights[: len(parts)])
    mixture = Mixture(parts, used)
    counted = Counter(part for part, _ in mixture.pattern)
    for k, weight in enumerate(used):
        share = counted[k] / len(mixture.pattern)
        assert share > 0
        assert share == pytest.approx(weight / sum(used), abs=0.03)
        last = -(-len(parts[k]) // counted[k]) * len(mixture.pattern)
        assert last <= len(mixture)


def test_an_epoch_draws_by_weight_and_a_resumed_run_draws_the_same() -> None:
    mixture = Mixture((source("a", 300), source("b", 300)), (2.0, 1.0))
    stream = ProblemStream(mixture, Bare(), seed=7)
    drawn = [prompt.problem for step in range(len(mixture) // 10) for prompt in stream.draw(10, step)]
    assert Counter(p.source for p in drawn)["a"] / len(drawn) == pytest.approx(2 / 3, abs=0.01)
    assert len({p.id for p in drawn}) == 600
    again = ProblemStream(Mixture(mixture.parts, mixture.weights), Bare(), seed=7)
    assert [p.problem for p in again.draw(10, 31)] == drawn[310:320]
    assert [p.problem for p in ProblemStream(mixture, Bare(), seed=8).draw(10, 31)] != drawn[310:320]


def test_an_endless_source_may_be_part_of_a_mixture() -> None:
    mixture = Mixture((source("a", 5), Arithmetic()), (1.0, 4.0))
    assert names(mixture[10**9 : 10**9 + 100]) == {"a": 20, "arithmetic": 80}


def test_places_outside_are_refused() -> None:
    mixture = Mixture((source("a", 5),), (1.0,))
    assert mixture[-1].id == "a4"
    with pytest.raises(IndexError):
        mixture[5]


def test_the_parts_of_a_source() -> None:
    a, b = source("a", 2), source("b", 2)
    assert parts_of(Mixture((a, b), (1.0, 1.0))) == (a, b)
    assert parts_of(a) == (a,)
