"""Fewer points, and no peak lost."""

import math
from array import array

import pytest

from whet.dashboard.rows.downsample import downsample, parts


def test_few_points_stay_as_they_are() -> None:
    assert downsample([0, 1, 2], [1.0, math.nan, 3.0], 3) == ([0, 1, 2], [1.0, None, 3.0])
    assert downsample([], [], 5) == ([], [])


@pytest.mark.parametrize("count", [101, 1000, 12_345])
@pytest.mark.parametrize("most", [2, 7, 100])
def test_the_extremes_of_every_part_survive_in_order(count: int, most: int) -> None:
    values = array("d", [math.sin(step / 7) * (step % 13) for step in range(count)])
    values[count // 3], values[count // 2] = 1000.0, -1000.0
    x, y = downsample(array("q", range(count)), values, most)
    assert len(x) == len(y) <= most
    assert list(x) == sorted(set(x))
    assert 1000.0 in y
    assert -1000.0 in y
    assert all(values[step] == value for step, value in zip(x, y, strict=True))


def test_gaps_stay_gaps_and_do_not_hide_what_is_beside_them() -> None:
    values = [1.0, math.nan, 5.0, 2.0, *[math.nan] * 4, 7.0, 7.0, 7.0, 7.0]
    x, y = downsample(list(range(12)), values, 6)
    assert (x, y) == ([0, 2, 4, 8], [1.0, 5.0, None, 7.0])


def test_infinities_are_no_obstacle() -> None:
    _x, y = downsample(list(range(8)), [math.inf, -math.inf, 0, 1, 2, 3, 4, 5], 4)
    assert y == [math.inf, -math.inf, 2, 5]


def test_parts_cover_everything_once() -> None:
    for count in (0, 1, 5, 17):
        for most in (1, 3, 30):
            found = list(parts(count, most))
            assert [at for start, end in found for at in range(start, end)] == list(range(count))
            assert len(found) == min(count, most)
