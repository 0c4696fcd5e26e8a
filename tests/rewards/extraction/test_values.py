"""The values of a sentence."""

import pytest

from whet.rewards.extraction.values import values


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("it is -7", ["-7"]),
        ("12 - 5 and 12-5", ["12", "5", "12", "5"]),
        ("-3 or 3", ["-3", "3"]),
        ("costs $1,080.50, or 5%", ["$1,080.50", "5%"]),
        ("\\frac{2}{3} and 3/4 and 1 1/2", ["\\frac{2}{3}", "3/4", "1 1/2"]),
        ("none", []),
    ],
)
def test_values(text: str, found: list[str]) -> None:
    assert [value.text for value in values(text)] == found
