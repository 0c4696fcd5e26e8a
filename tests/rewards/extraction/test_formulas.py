"""The formulas of a text."""

import pytest

from whet.rewards.extraction.formulas import MATHS, beside, inside


def test_inside() -> None:
    text = r"First $a+1$, then \(b\), \[ c \] and $$d$$, for $5 or $6"
    assert [inside(one) for one in MATHS.finditer(text)] == ["a+1", "b", "c", "d"]


@pytest.mark.parametrize(
    ("text", "two"),
    [
        ("The length is $2x$, $3x$", True),
        ("The length is $2x$ and then $3x$", True),
        ("The length of $AB$ is $3x$", False),
        ("Since $a = b$, $a = 3x$", False),
        ("The length is $3x$, $3x$", False),
        ("It is $3x$", False),
    ],
)
def test_beside(text: str, two: bool) -> None:
    assert beside(text, list(MATHS.finditer(text))[-1]) is two
