"""A shuffle that is a bijection for every size, and looks like one drawn at random."""

from collections import Counter

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import chisquare

from whet.data.shuffle import shuffled


@settings(max_examples=60, deadline=None)
@given(size=st.integers(1, 400), key=st.text(max_size=8))
def test_every_item_comes_once(size: int, key: str) -> None:
    assert sorted(shuffled(i, size, key) for i in range(size)) == list(range(size))


def test_a_giant_one_is_a_bijection_too_and_quick() -> None:
    size = 1 << 40
    found = [shuffled(i, size, "key") for i in range(2000)]
    assert len(set(found)) == 2000
    assert 0 <= min(found) < max(found) < size
    assert max(found) > size * 0.9


@pytest.mark.parametrize("size", [2, 3, 7, 20])
def test_each_item_is_equally_likely_at_each_place(size: int) -> None:
    for place in (0, size // 2, size - 1):
        seen = Counter(shuffled(place, size, f"{epoch}") for epoch in range(4000))
        assert chisquare([seen[item] for item in range(size)]).pvalue > 1e-4


def test_all_orders_of_three_are_about_equally_likely() -> None:
    orders = Counter(tuple(shuffled(i, 3, f"{epoch}") for i in range(3)) for epoch in range(6000))
    assert len(orders) == 6
    assert chisquare(list(orders.values())).pvalue > 1e-4


@pytest.mark.parametrize("index", [-1, 10])
def test_there_is_nothing_outside(index: int) -> None:
    with pytest.raises(IndexError):
        shuffled(index, 10, "key")
