"""The share of groups with signal: by enumeration, by simulation and against scipy's distributions."""

import random
from itertools import combinations, product

import pytest
from scipy.stats import betabinom, binom

from whet.diagnose.signal import expected_signal, group_size_for, signal_share


@pytest.mark.parametrize("p", [0.0, 0.02, 0.3, 0.5, 1.0])
@pytest.mark.parametrize("size", [1, 2, 3, 8])
def test_signal_share_is_what_the_binomial_leaves_in_the_middle(p: float, size: int) -> None:
    assert signal_share(p, size) == pytest.approx(1 - binom.pmf(0, size, p) - binom.pmf(size, size, p))


def test_signal_share_by_enumeration() -> None:
    # three answers, each right with chance 1/4: weigh all eight groups
    weight = {True: 0.25, False: 0.75}
    groups = product((True, False), repeat=3)
    mixed = sum(weight[a] * weight[b] * weight[c] for a, b, c in groups if len({a, b, c}) == 2)
    assert signal_share(0.25, 3) == pytest.approx(mixed)


@pytest.mark.parametrize(
    ("p", "above", "size"),
    [(0.5, 1, 2), (0.1, 1, 4), (0.1, 4, 8), (0.035, 1, 16), (0.001, 1, None), (0, 1, None)],
)
def test_the_group_size_that_is_needed(p: float, above: int, size: int | None) -> None:
    assert group_size_for(p, above) == size


def test_the_group_size_is_the_first_that_will_do() -> None:
    size = group_size_for(0.02)
    assert size is not None
    assert binom.pmf(0, size, 0.02) + binom.pmf(size, size, 0.02) <= 0.75
    assert binom.pmf(0, size // 2, 0.02) + binom.pmf(size // 2, size // 2, 0.02) > 0.75


@pytest.mark.parametrize("size", [2, 3, 5])
def test_smaller_groups_are_counted_over_all_subsets(size: int) -> None:
    right = [0, 1, 2, 4, 5]
    subsets = [subset for count in right for subset in combinations([index < count for index in range(5)], size)]
    expected = sum(len(set(subset)) == 2 for subset in subsets) / len(subsets)
    assert expected_signal(right, samples=5, size=size) == pytest.approx(expected)


def beta_counts(a: float, b: float, problems: int, samples: int) -> list[int]:
    draw = random.Random(3)
    skills = [draw.betavariate(a, b) for _ in range(problems)]
    return [sum(draw.random() < skill for _ in range(samples)) for skill in skills]


@pytest.mark.parametrize(("a", "b"), [(0.3, 0.6), (2.0, 5.0), (0.1, 2.0)])
def test_larger_groups_are_foretold(a: float, b: float) -> None:
    right = beta_counts(a, b, problems=20_000, samples=4)
    truth = 1 - betabinom.pmf(0, 16, a, b) - betabinom.pmf(16, 16, a, b)
    assert expected_signal(right, samples=4, size=16) == pytest.approx(truth, abs=0.02)


def test_problems_always_or_never_solved_stay_so() -> None:
    assert expected_signal([4, 0, 4, 0, 0, 4], samples=4, size=64) == 0.0


def test_equal_problems_follow_the_binomial() -> None:
    # every problem 2 of 4: less spread than chance, so one p for all
    assert expected_signal([2] * 10, samples=4, size=8) == pytest.approx(1 - 2 * 0.5**8)


@pytest.mark.parametrize("right", [[0] * 8, [4] * 8])
def test_nothing_right_or_all_right_teaches_nothing(right: list[int]) -> None:
    assert expected_signal(right, samples=4, size=4) == 0.0
    assert expected_signal(right, samples=4, size=16) == 0.0


def test_a_spread_just_above_chance_keeps_its_digits() -> None:
    # ρ of about 1e-4 must come out next to ρ = 0
    right = beta_counts(5000.0, 5000.0, problems=50_000, samples=4)
    assert expected_signal(right, samples=4, size=8) == pytest.approx(1 - 2 * 0.5**8, abs=5e-3)


def test_no_problems_are_refused() -> None:
    with pytest.raises(ValueError, match="no problems"):
        expected_signal([], 4, 8)
