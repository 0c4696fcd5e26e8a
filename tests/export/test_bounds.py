"""Bounds of a difference: what is within them, and what is refused in a line."""

import pytest

from whet.errors import UserError
from whet.export.bounds import EXACT, HALF, Bound, refuse_past
from whet.export.difference import Difference

NAN = float("nan")


@pytest.mark.parametrize(
    ("found", "within"),
    [
        (Difference(0.2, 5e-3, 0.98, 100), True),
        (Difference(0.21, 1e-3, 1.0, 100), False),
        (Difference(0.0, 6e-3, 1.0, 100), False),
        (Difference(0.0, 0.0, 0.97, 100), False),
        (Difference(NAN, 0.0, 1.0, 100), False),
        (Difference(0.0, NAN, 1.0, 100), False),
    ],
)
def test_every_figure_counts_and_one_that_is_no_number_is_past_it(found: Difference, within: bool) -> None:
    assert HALF.holds(found) is within


def test_the_same_weights_must_give_the_same_numbers() -> None:
    assert EXACT.holds(Difference(0.0, 0.0, 1.0, 5))
    assert not EXACT.holds(Difference(1e-12, 0.0, 1.0, 5))


def test_what_is_past_its_bound_is_refused_with_the_figures_and_a_way_out() -> None:
    refuse_past(Bound(1, 1, 0), Difference(0.5, 0.1, 0.9, 10), "gguf (f16)", "Export --type f32")
    said = r"gguf \(f16\) is refused.*max \|Δ log p\| 0.5.*allowed are \|Δ log p\| 0.2.*Export --type f32"
    with pytest.raises(UserError, match=said):
        refuse_past(HALF, Difference(0.5, 0.1, 0.9, 10), "gguf (f16)", "Export --type f32")
