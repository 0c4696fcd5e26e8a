"""Rounding up to powers of two."""

from whet.rollout.engine.power_of_two import power_of_two


def test_by_doubling() -> None:
    for least in range(1, 130):
        found = 1
        while found < least:
            found *= 2
        assert power_of_two(least) == found
