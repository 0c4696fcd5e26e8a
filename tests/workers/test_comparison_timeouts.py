"""What was given up is told once, with its place."""

import pytest

from rewards.steps import step
from whet.types import Group, Reward
from whet.workers.comparison_timeouts import timeout_lines
from whet.workers.math_compare import Algebra, ComparisonTimeout

LATE = "took longer than 5 s and was stopped"


@pytest.fixture(autouse=True)
def own(monkeypatch: pytest.MonkeyPatch) -> Algebra:
    """A comparer of the test's own, which has given up what the test says."""
    one = Algebra()
    monkeypatch.setattr("whet.workers.comparison_timeouts.algebra", lambda: one)
    return one


def groups() -> list[Group]:
    prompts, outputs = step(a=["so x^9", "7"], b=["x^9", "so x^9"])
    return [
        Group(prompt, tuple(row), tuple(Reward(0.0, {}, {}) for _ in row))
        for prompt, row in zip(prompts, outputs, strict=True)
    ]


def test_nothing_is_said_of_nothing() -> None:
    assert timeout_lines(groups()) == []


@pytest.mark.parametrize("gold", ["82", "another"])
def test_the_first_is_shown_with_its_sample(own: Algebra, gold: str) -> None:
    own._given_up += [ComparisonTimeout("x^9", gold, LATE), ComparisonTimeout("y", "82", LATE)]
    said = "comparing an answer was given up 2 times, first on sample 0 of problem a: 'x^9' " + LATE
    assert timeout_lines(groups()) == [f"{said} (counts as not equal)"]
    assert timeout_lines(groups()) == []


def test_without_a_place(own: Algebra) -> None:
    own._given_up.append(ComparisonTimeout("z\x1b" * 100, "82", LATE))
    (line,) = timeout_lines(groups())
    assert line.startswith("comparing an answer was given up once: 'z·z·z·")
    assert len(line) < 200
