"""What stands behind a number."""

import pytest

from rewards.growth import growth
from whet.rewards.extraction.behind import forms_of, is_bound, is_changed
from whet.rewards.extraction.values import values


@pytest.mark.parametrize(
    "tail",
    [
        " tickets or more",
        " or fewer",
        " people at least",
        " at most",
        " euros to 19 euros",
        " through 19",
        " pi",
        " tens",
        " and above",
        " to the third",
    ],
)
def test_bound(tail: str) -> None:
    assert is_bound(tail)


@pytest.mark.parametrize(
    "tail",
    [
        *(
            "",
            " tickets",
            " to finish 2 walls",
            " pupils got B and above",
            " digits of pi",
            " days to the end",
            " more",
        ),
        *(" apples to 3 friends", " to 4 decimal places"),
    ],
)
def test_no_bound(tail: str) -> None:
    assert not is_bound(tail)


def test_changed() -> None:
    assert [is_changed(tail) for tail in (" dozen eggs", " squared", " eggs of the second dozen")] == [
        True,
        True,
        False,
    ]


def test_forms() -> None:
    text = "17 red pens in the box"
    assert forms_of(text, values(text)[0]) == ("17 red pens", "17")
    assert forms_of("17 dozen", values("17 dozen")[0]) == ("17 dozen",)


@pytest.mark.parametrize("piece", [" ", " a", " to", " or"])
def test_a_long_tail_takes_linear_time(piece: str) -> None:
    assert growth(lambda n: is_bound(piece * n), 500, 8000) < 64
