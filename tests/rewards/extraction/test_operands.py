"""Which values of a sentence are only parts of an expression, or bounds."""

import pytest

from rewards.growth import growth
from whet.rewards.extraction.operands import is_led_off, is_operand, words_before
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


@pytest.mark.parametrize(
    "before",
    [
        "no fewer   than ",
        r"\text{thrice } ",
        r"\textbf{under}~",
        "above **",
        "exceeding about $",
        "is never ",
        "hasn’t ",
        "unequal to ",
        "within 3 of ",
        "divided by ",
        "the reciprocal of ",
        "between 70 and ",
        "die Hälfte von ",
        "la mitad de ",
        "(thrice ",
        "25% of ",
        "the 3rd of ",
        "seventy ",
    ],
)
def test_words_before_a_value_lead_it_off(before: str) -> None:
    assert is_led_off(before + "82", len(before))


@pytest.mark.parametrize(
    "before",
    [
        "is given by ",
        "increased by ",
        "they differ by ",
        "the prices rose by ",
        "in this case ",
        "a sum of ",
        "the total is about ",
        "only ",
        "He has ",
    ],
)
def test_other_words_before_a_value_leave_it(before: str) -> None:
    assert not is_led_off(before + "82", len(before))


@pytest.mark.parametrize("text", ["82的一半", "82の半分", "the 82nd prime"])
def test_what_stands_behind_82_makes_another_value_of_it(text: str) -> None:
    (value,) = values(text)
    assert is_operand(value, text)


def test_words_before_a_place_have_one_blank_between() -> None:
    assert words_before(r"It is \text{More  than}\n**9", 25) == "it is text more than n"


@pytest.mark.parametrize("piece", [" ", "\n", "a", "n't", "not ", "between "])
def test_words_before_a_place_cost_no_more_in_a_long_text(piece: str) -> None:
    assert growth(lambda n: is_led_off(piece * n, len(piece) * n), 500, 8000) < 8
