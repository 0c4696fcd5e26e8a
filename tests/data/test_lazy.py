"""A lazy sequence is a sequence: every place, slice and refusal as a list has them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from whet.data.lazy import LazyProblems
from whet.types import Problem


class Counting(LazyProblems):
    def __init__(self, size: int) -> None:
        self.size = size
        self.asked: list[int] = []

    def __len__(self) -> int:
        return self.size

    def _at(self, place: int) -> Problem:
        self.asked.append(place)
        return Problem(str(place), "", "")


PLACES = st.none() | st.integers(-12, 12)


@given(size=st.integers(0, 9), start=PLACES, stop=PLACES, step=st.sampled_from([None, 1, 2, -1, -3]))
def test_slices_are_those_of_a_list(size: int, start: int | None, stop: int | None, step: int | None) -> None:
    expected = [str(place) for place in range(size)][start:stop:step]
    assert [problem.id for problem in Counting(size)[start:stop:step]] == expected


@given(size=st.integers(0, 9), place=st.integers(-12, 12))
def test_places_are_those_of_a_list(size: int, place: int) -> None:
    listed = [str(number) for number in range(size)]
    try:
        expected = listed[place]
    except IndexError:
        with pytest.raises(IndexError):
            Counting(size)[place]
    else:
        assert Counting(size)[place].id == expected


def test_nothing_is_made_before_it_is_asked_for() -> None:
    endless = Counting(1 << 40)
    assert [problem.id for problem in endless[-2:]] == [str((1 << 40) - 2), str((1 << 40) - 1)]
    assert endless[5].id == "5"
    assert endless.asked == [(1 << 40) - 2, (1 << 40) - 1, 5]


def test_a_subclass_must_say_how_problems_are_made() -> None:
    class Nothing(LazyProblems):
        def __len__(self) -> int:
            return 1

    with pytest.raises(TypeError, match="abstract"):
        Nothing()  # type: ignore[abstract]
