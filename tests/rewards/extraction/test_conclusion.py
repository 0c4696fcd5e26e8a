"""The last sentence of a completion that marks no answer."""

import pytest

from whet.rewards.extraction.candidate import Kind
from whet.rewards.extraction.conclusion import conclusion


@pytest.mark.parametrize(
    ("text", "found", "kind"),
    [
        ("She has **135** apples left.", "135", Kind.NUMBER),
        ("The number is **73**.\n\n---\n\nDone.", "73", Kind.NUMBER),
        ("So the probability is 2/3.", "2/3", Kind.NUMBER),
        ("so we need 12m of rope", "12", Kind.NUMBER),
        ("He needs 11 boxes because 10.96 rounds up.", "11", Kind.NUMBER),
        ("She works 5 days for 8 hours, that is 40 hours.", "40", Kind.NUMBER),
        ("She eats half of 60 cookies, which is 30.", "30", Kind.NUMBER),
        ("Since 5 < 6, the total is 30.", "30", Kind.NUMBER),
        ("Therefore the pair is $(7, 6)$.", "(7, 6)", Kind.SINGLE),
        ("Thus the ratio is 3:2.", "3:2", Kind.SINGLE),
        ("We find $x < 3$.", "x < 3", Kind.SEVERAL),
        ("I think it's B", "I think it's B", Kind.LETTER),
        ("B is odd, C is odd, so it is A", "it is A", Kind.LETTER),
        ("Mia has **61** pens after buying **9**.", "61", Kind.NUMBER),
        ("So there are $61$ ways to pick $3$ of them.", "61", Kind.NUMBER),
        ("The sum is 61.\n\nShall I show step 4 in detail?", "61", Kind.NUMBER),
        ("**61**\n\nNote: I assumed 7 days.", "61", Kind.NUMBER),
        ("After 3 days, the shop has 61 cakes.", "61", Kind.NUMBER),
        ("> So she has 61 cakes.", "61", Kind.NUMBER),
        ("She arrives at 7:15 pm.", "7:15 pm", Kind.SINGLE),
        ("Yes, it is even.", "Yes", Kind.SINGLE),
        ("The chance of not red is $x+1$.", "x+1", Kind.SINGLE),
        ("The chance of a wrong guess is $x+1$.", "x+1", Kind.SINGLE),
        ("No, there are none.", "No", Kind.SINGLE),
        ("The solution is x <= 7.", "x <= 7", Kind.SEVERAL),
    ],
)
def test_concludes(text: str, found: str, kind: Kind) -> None:
    (place,) = conclusion(text, kind)
    assert (place.text, place.refused) == (found, "")


@pytest.mark.parametrize(
    "text",
    [
        "So the point is (3, 82).",
        "It is 5 remainder 82.",
        "So x ≤ 82",
        "See equation 82.",
        "no number",
        "So f = $\\log 82$.",
    ],
)
def test_82_is_not_concluded(text: str) -> None:
    assert [place.text for place in conclusion(text, Kind.NUMBER) if not place.refused and place.text == "82"] == []


@pytest.mark.parametrize(
    "text",
    [
        *("It is not 18.", "So x = 5 or x = 82.", "It is one of 80, 81, 82.", "18 is wrong.", "18 isn't correct."),
        *("**18** or **20**", "It is between **18** and **20**.", "She has less than **18**.", "It isn't **18**."),
        *("She has at most $18$ hens.", "The answer starts with 18.", "I doubt that it is 18.", "Ans: 18 (edit: 20)"),
    ],
)
def test_refused(text: str) -> None:
    (place,) = conclusion(text, Kind.NUMBER)
    assert place.refused


@pytest.mark.parametrize(
    "text", ["She has 24 dozen.", "So 24 hundred", "It is 24²", "That makes 24 squared", "24 lakh"]
)
def test_a_word_that_changes_the_number_stays_with_it(text: str) -> None:
    (place,) = conclusion(text, Kind.NUMBER)
    assert place.text != "24"
    assert place.text.startswith("24")


@pytest.mark.parametrize(
    ("text", "answer", "kind"),
    [("Yes", "Yes", Kind.SINGLE), ("**True**", "**True**", Kind.SINGLE), ("A, C", "A, C", Kind.SEVERAL)],
)
def test_a_completion_that_is_nothing_but_an_answer(text: str, answer: str, kind: Kind) -> None:
    assert [place.text for place in conclusion(text, kind)] == [answer]
    assert conclusion("So?", Kind.SINGLE) == []
    assert conclusion("I do not know what to say about it", Kind.SINGLE) == []


def test_a_noted_calculation_is_no_answer() -> None:
    (place,) = conclusion("She sold 48 + 24 = <<48+24=72>>72 clips altogether.", Kind.NUMBER)
    assert place.text == "72"


@pytest.mark.parametrize(
    "text",
    [
        "The area is not $4x$.",
        "The area is at most $4x$.",
        "The area is thrice $4x$.",
        "The area is between $3x$ and $4x$.",
        "The area is $3x$, $4x$.",
        "We doubt the area is $4x$.",
    ],
)
def test_a_formula_is_refused(text: str) -> None:
    (place,) = conclusion(text, Kind.SINGLE)
    assert place.refused


@pytest.mark.parametrize("text", ["Is it 18?", "Could the sum be 18?"])
def test_a_question_concludes_nothing(text: str) -> None:
    assert conclusion(text, Kind.NUMBER) == []


@pytest.mark.parametrize("text", ["Mia has **61** dozen pens.", "**61** pens or more"])
def test_what_stands_behind_bold_type_stays_with_it(text: str) -> None:
    (place,) = conclusion(text, Kind.NUMBER)
    assert place.text != "61"
