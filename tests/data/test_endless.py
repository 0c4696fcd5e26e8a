"""A lazy sequence is a sequence: every place, slice and refusal as a list has them."""

from itertools import count, islice

import pytest
from hypothesis import given
from hypothesis import strategies as st

from whet.data.endless import ENDLESS, EndlessProblems, LazyProblems, is_endless
from whet.data.mixed import Mixture
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
    endless = Counting(ENDLESS)
    assert [problem.id for problem in endless[-2:]] == [str(ENDLESS - 2), str(ENDLESS - 1)]
    assert endless[5].id == "5"
    assert endless.asked == [ENDLESS - 2, ENDLESS - 1, 5]


def test_a_subclass_must_say_how_problems_are_made() -> None:
    class Nothing(LazyProblems):
        def __len__(self) -> int:
            return 1

    with pytest.raises(TypeError, match="abstract"):
        Nothing()  # type: ignore[abstract]


class Words(EndlessProblems):
    """A generator of the words w0, w1, …, those of its split."""

    def __init__(self, split: str) -> None:
        self.split = split

    def _at(self, place: int) -> Problem:
        mine = (number for number in count() if self._is_mine(f"w{number}"))
        return Problem("", f"w{next(islice(mine, place, None))}", "")


class Others(Words):
    pass


def test_splits_of_a_generator_share_no_question_and_one_in_eight_is_held_out() -> None:
    train, test = ({problem.question for problem in Words(split)[:200]} for split in ("train", "test"))
    assert not train & test
    last = max(int(question[1:]) for question in test)
    assert last == pytest.approx(200 * 8, rel=0.2)


def test_disjoint_are_two_splits_of_one_generator() -> None:
    assert Words("train").disjoint_from(Words("test"))
    assert not Words("train").disjoint_from(Words("train"))
    assert not Others("train").disjoint_from(Words("test"))
    assert not Words("train").disjoint_from([])


def test_what_is_endless() -> None:
    assert is_endless(Words("train"))
    assert not is_endless([])
    assert is_endless(Mixture((Words("train"), [Problem("", "", "")]), (1.0, 3.0)))
