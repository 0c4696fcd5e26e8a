"""Values of a sentence, and which of them are only parts of an expression."""

import pytest

from whet.rewards.extraction.values import is_operand, values


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
