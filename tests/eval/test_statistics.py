"""Intervals and paired tests against published figures and an independent library."""

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import binomtest

from whet.eval.statistics import mcnemar_exact, paired_difference, wilson

COUNTS = st.integers(1, 400).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n)))


@given(COUNTS, st.sampled_from([0.8, 0.95, 0.99]))
def test_wilson_is_scipys(counts: tuple[int, int], confidence: float) -> None:
    successes, n = counts
    expected = binomtest(successes, n).proportion_ci(confidence, method="wilson")
    assert wilson(successes, n, confidence) == pytest.approx((expected.low, expected.high), abs=1e-12)


def test_wilson_at_a_published_count() -> None:
    # Newcombe 1998, doi:10.1002/(SICI)1097-0258(19980430)17:8<857::AID-SIM777>3.0.CO;2-E, table I, method 3
    assert wilson(81, 263) == pytest.approx((0.2553, 0.3662), abs=5e-5)
    assert wilson(15, 148) == pytest.approx((0.0624, 0.1605), abs=5e-5)
    assert wilson(0, 20) == pytest.approx((0.0, 0.1611), abs=5e-5)
    assert wilson(1, 29) == pytest.approx((0.0061, 0.1718), abs=5e-5)


@pytest.mark.parametrize(("successes", "n"), [(0, 0), (-1, 4), (5, 4)])
def test_wilson_refuses_what_is_no_proportion(successes: int, n: int) -> None:
    with pytest.raises(ValueError, match="no proportion"):
        wilson(successes, n)


@given(st.integers(0, 200), st.integers(0, 200))
def test_mcnemar_is_scipys_binomial_test(fixed: int, broken: int) -> None:
    expected = binomtest(fixed, fixed + broken).pvalue if fixed + broken else 1.0
    assert mcnemar_exact(fixed, broken) == pytest.approx(expected, rel=1e-9)


def test_mcnemar_survives_large_counts() -> None:
    assert mcnemar_exact(5000, 5000) == 1.0
    assert 0.0 <= mcnemar_exact(4000, 0) < 1e-300


def answers(both: int, first: int, second: int, neither: int) -> tuple[list[bool], list[bool]]:
    """The (before, after) whose 2 × 2 table this is, `first` being right before only."""
    before = [True] * both + [True] * first + [False] * second + [False] * neither
    after = [True] * both + [False] * first + [True] * second + [False] * neither
    return before, after


PUBLISHED = [
    # Newcombe 1998 (paired data), doi:10.1002/(SICI)1097-0258(19981130)17:22<2635::AID-SIM954>3.0.CO;2-C
    ((36, 12, 2, 0), 0.2000, (0.0569, 0.3404)),
    # Complete response before and after therapy (Cavo 2012), in Fagerland, Lydersen and Laake, Statistical
    # Analysis of Contingency Tables, chapter 8, and the tests of the authors' package `contingencytables`
    ((59, 6, 16, 80), -0.0621, (-0.1186, -0.0046)),
]


@pytest.mark.parametrize(("table", "difference", "interval"), PUBLISHED)
def test_paired_difference_at_published_tables(
    table: tuple[int, int, int, int], difference: float, interval: tuple[float, float]
) -> None:
    # the papers give first minus second; `paired_difference` gives after minus before
    second, first = answers(*table)
    found = paired_difference(before=first, after=second)
    assert found.difference == pytest.approx(difference, abs=5e-5)
    assert (found.low, found.high) == pytest.approx(interval, abs=5e-5)


def test_paired_difference_of_independent_answers_is_the_unpaired_interval() -> None:
    # φ = 0 exactly: 2 · 3 = 1 · 6. Then the limits are Newcombe's for independent samples, √(a² + b²).
    before, after = answers(2, 1, 6, 3)
    found = paired_difference(before, after)
    (l1, u1), (l2, u2) = wilson(8, 12), wilson(3, 12)
    assert found.low == pytest.approx(5 / 12 - ((8 / 12 - l1) ** 2 + (u2 - 3 / 12) ** 2) ** 0.5)
    assert found.high == pytest.approx(5 / 12 + ((u1 - 8 / 12) ** 2 + (3 / 12 - l2) ** 2) ** 0.5)


def test_paired_difference_counts() -> None:
    before, after = answers(both=10, first=3, second=9, neither=4)
    found = paired_difference(before, after)
    assert (found.fixed, found.broken, found.n) == (9, 3, 26)
    assert found.difference == pytest.approx(6 / 26)
    assert found.p_value == pytest.approx(2 * (1 + 12 + 66 + 220) / 2**12)


@given(st.lists(st.tuples(st.booleans(), st.booleans()), min_size=1, max_size=60))
def test_paired_difference_turns_with_its_sides(pairs: list[tuple[bool, bool]]) -> None:
    before, after = [a for a, _ in pairs], [b for _, b in pairs]
    forth, back = paired_difference(before, after), paired_difference(after, before)
    assert -1 - 1e-9 <= forth.low <= forth.difference <= forth.high <= 1 + 1e-9
    assert (-back.high, -back.low) == pytest.approx((forth.low, forth.high))
    assert back.p_value == forth.p_value


def test_paired_difference_covers_the_truth_as_often_as_it_says() -> None:
    draw = random.Random(7)
    hits = 0
    for _ in range(1000):
        skill = [draw.random() for _ in range(100)]
        before = [draw.random() < 0.6 * s for s in skill]
        after = [draw.random() < 0.9 * s for s in skill]
        found = paired_difference(before, after)
        hits += found.low <= 0.15 <= found.high  # E[0.9 s − 0.6 s], s uniform
    assert 0.93 <= hits / 1000 <= 0.98


def test_paired_difference_refuses_what_does_not_pair() -> None:
    with pytest.raises(ValueError):
        paired_difference([True], [True, False])
    with pytest.raises(ValueError, match="no proportion"):
        paired_difference([], [])


@pytest.mark.parametrize("n", [1, 7, 20, 80, 256, 1319])
def test_none_and_all_end_exactly_at_0_and_1(n: int) -> None:
    assert wilson(0, n).low == 0.0
    assert wilson(n, n).high == 1.0
