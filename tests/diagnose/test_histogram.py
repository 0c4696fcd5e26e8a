"""Histograms with round bins."""

from itertools import pairwise

import pytest

from whet.diagnose.histogram import BINS, histogram


def test_no_values_are_no_histogram() -> None:
    assert histogram("n", "t", []) is None


def test_equal_values_are_one_bin() -> None:
    found = histogram("n", "t", [7, 7, 7])
    assert found is not None
    assert (found.edges, found.counts) == ((7, 8), (3,))


@pytest.mark.parametrize(
    ("values", "width"),
    [(range(20), 1), (range(21), 2), (range(401), 50), ([0.0, 1.1], 0.1), ([-0.5, 0.5], 0.1), ([3, 90_000], 5000)],
)
def test_bins_are_few_round_and_hold_every_value_once(values: list[float], width: float) -> None:
    found = histogram("n", "t", list(values))
    assert found is not None
    assert len(found.counts) <= BINS + 1
    assert sum(found.counts) == len(list(values))
    gaps = [round(b - a, 9) for a, b in pairwise(found.edges)]
    assert set(gaps) == {width}
    assert found.edges[0] <= min(values) < found.edges[0] + width


def test_a_value_on_an_edge_belongs_to_the_bin_above() -> None:
    found = histogram("n", "t", [0.0, 0.1, 0.2, 0.30000000000000004, 1.9])
    assert found is not None
    assert found.counts[:4] == (1, 1, 1, 1)
    assert found.edges[:4] == (0, 0.1, 0.2, 0.3)


def test_whole_numbers_get_bins_of_at_least_one() -> None:
    found = histogram("n", "t", [0, 1, 1, 2], least=1)
    assert found is not None
    assert (found.edges, found.counts) == ((0, 1, 2, 3), (1, 2, 1))


def test_lines_are_told_with_their_names() -> None:
    found = histogram("n", "t", [1, 2], lines=[(56, "max_tokens")])
    assert found is not None
    assert found.as_dict()["lines"] == [{"at": 56, "text": "max_tokens"}]
