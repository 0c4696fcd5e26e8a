"""Figures as people read them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from whet.runs.views.figures import (
    BARS,
    FIGURES,
    HEADLINES,
    count,
    duration,
    figure,
    fixed,
    in_order,
    number,
    sparkline,
)


@pytest.mark.parametrize(
    ("seconds", "text"), [(0, "0:00"), (59.9, "0:59"), (60, "1:00"), (3599, "59:59"), (3600, "1:00:00")]
)
def test_durations(seconds: float, text: str) -> None:
    assert duration(seconds) == text


def test_digits() -> None:
    assert [number(value) for value in (0.7123, 0.01342, 3.2e-06, 0.0, 12.0)] == [
        "0.712",
        "0.0134",
        "3.2e-06",
        "0",
        "12",
    ]
    assert (fixed(0.7), count(1234.5)) == ("0.70", "1,234")


def test_figures_that_are_known_come_first_in_their_order() -> None:
    assert in_order(["zeta", "kl", "reward", "alpha"]) == ["reward", "kl", "zeta", "alpha"]


def test_a_figure_nobody_knows_is_shown_under_its_own_name() -> None:
    shown = figure("grad_norm")
    assert (shown.label, shown.show(0.12345)) == ("grad norm", "0.123")


def test_tokens_per_second_reads_as_a_rate_in_text() -> None:
    shown = figure("tokens_per_second")
    assert shown.plain.format(label=shown.label, value=count(1410)) == "1,410 tok/s"


def test_efficiency_says_of_what() -> None:
    shown = figure("efficiency")
    assert shown.plain.format(label=shown.label, value=shown.show(0.52)) == "52 % of the limit"


def test_every_headline_is_a_known_figure() -> None:
    assert set(HEADLINES) <= set(FIGURES)


@given(st.lists(st.floats(-1e6, 1e6), max_size=200), st.integers(1, 60))
def test_a_curve_fits_and_shows_its_lowest_and_highest(values: list[float], width: int) -> None:
    line = sparkline(values, width)
    assert len(line) == min(width, len(values))
    if len(values) <= width and len(set(values)) > 1:
        assert line[values.index(max(values))] == BARS[-1]
        assert line[values.index(min(values))] == BARS[0]


def test_a_rising_line_rises_when_it_is_squeezed() -> None:
    line = sparkline(list(range(100)), 8)
    assert line == BARS
