"""The room for activations, by hand."""

import pytest

from whet.policy.activation_room import room


def test_a_fifth_of_what_is_left_stays_free() -> None:
    assert room(10e9, 2.5e9) == pytest.approx(6e9)
    assert room(1e9, 2e9) < 0
