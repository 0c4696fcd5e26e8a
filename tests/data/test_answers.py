"""Gold answers in plain cells and worked solutions; expectations by hand."""

from decimal import Decimal

from whet.data.answers import answer_text


def test_numbers_and_lists_of_one_are_answers() -> None:
    values = [7, 7.0, 7.5, -3, Decimal("7.10"), ["7"], " 7 "]
    assert [answer_text(value) for value in values] == ["7", "7", "7.5", "-3", "7.10", "7", " 7 "]
