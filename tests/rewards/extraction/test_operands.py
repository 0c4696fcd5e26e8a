"""Which values of a sentence are only parts of an expression, or bounds."""

import pytest

from whet.rewards.extraction.operands import is_operand
from whet.rewards.extraction.values import values


@pytest.mark.parametrize(
    "text",
    [
        "(3, 82).",
        "{5, 82}",
        "3:82",
        "\\log 82",
        "\\sin 82",
        "82 over 3",
        "x > 82",
        "82\\pi",
        "82\\sqrt{2}",
        "step 82",
        "x^82",
    ],
)
def test_82_is_an_operand(text: str) -> None:
    (value,) = [value for value in values(text) if value.text.startswith("82")]
    assert is_operand(value, text)


@pytest.mark.parametrize(
    "text", ["= 82", "82 pens", "we need 82m of rope", "is 82.", "(in all 82) is known", "82, of course"]
)
def test_82_stands_alone(text: str) -> None:
    (value,) = values(text)
    assert not is_operand(value, text)
