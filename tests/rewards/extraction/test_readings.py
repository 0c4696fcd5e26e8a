"""What stands in the place of an answer, without what stands around it."""

import pytest

from rewards.growth import growth
from whet.rewards.extraction.candidate import Kind
from whet.rewards.extraction.readings import read


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("16", "16"),
        ("Answer: 16", "16"),
        ("The answer is 82.", "82"),
        ("There are 82 apples.", "82"),
        ("366 downloads over the three months.", "366"),
        ("$16.00 on snacks after 60 days.", "$16.00"),
        ("36 more votes to reach 100", "36"),
        ("**18**", "18"),
        ("`73`", "73"),
        ("“82” ✅", "82"),
        ("82 (since 37 + 45 = 82)", "82"),
        ("72, as 2 * 36 = 72 shows", "72"),
        ("19, not 18", "19"),
        ("She makes 9 * 2 = $18 every day", "$18"),
        ("5 * 9 + 2 = 47", "47"),
        ("$47 for 6 hats", "$47"),
        ("47 of the 60 seats", "47"),
        ("47 more than 13", "47"),
        ("47 pupils (94%)", "47"),
        ("She earned $47 in 6 hours.", "$47"),
        ("50 - 3 = 47, so Ann has 47 pens.", "47"),
        ("50 - 3 = <<50-3=47>>47", "47"),
        ("(B) 47", "47"),
        ("_47_", "47"),
        ("25 \\text{ more than twice the age of Tom}", "25"),
    ],
)
def test_the_number_of_a_text(text: str, number: str) -> None:
    found = read(text, Kind.NUMBER)
    assert (found.forms[-1], found.refused) == (number, "")


@pytest.mark.parametrize(
    "text", ["", "?", "...", "your answer", "\\phantom{x}", "\\text{answer}", "\\ ", "[answer here]"]
)
def test_nothing_readable(text: str) -> None:
    assert read(text, Kind.NUMBER).forms == ()


@pytest.mark.parametrize("text", ["not 18", "18 or 20", "18 20 pens", "either 18 or 20", "18, or maybe 20"])
def test_refused(text: str) -> None:
    assert read(text, Kind.NUMBER).refused


@pytest.mark.parametrize("text", ["A..B", "A...B", "A. B", "A = B"])
def test_two_letters_are_two_options(text: str) -> None:
    assert read(text, Kind.LETTER).refused


@pytest.mark.parametrize("text", ["B^2", "\\text{(E)} \\cdot 3", "(C) + 1", "B/2", "B * 2"])
def test_a_letter_in_a_formula_is_no_option(text: str) -> None:
    assert read(text, Kind.LETTER).forms == (text,)


@pytest.mark.parametrize("text", ["B...", "**B**", "B. Because 3 is odd", "answer = B", "B. It is so... clear"])
def test_a_letter_with_words_behind_it(text: str) -> None:
    assert read(text, Kind.LETTER).forms[-1] == "B"


@pytest.mark.parametrize("text", ["9 squared", "5 dozen", "5 million people", "3 fifths", "3 over 4", "5 and a half"])
def test_a_word_that_changes_the_value_stays_with_it(text: str) -> None:
    assert not any(form.replace(" ", "").isdigit() for form in read(text, Kind.NUMBER).forms)


@pytest.mark.parametrize(
    ("text", "form", "kind"),
    [
        ("(C) 42 apples", "C", Kind.LETTER),
        ("D, not A or B", "D", Kind.LETTER),
        ("Paris, the capital of France", "Paris", Kind.SINGLE),
        ("pas de deux", "pas de deux", Kind.SINGLE),
        ("yes, because 4 is even", "yes", Kind.SINGLE),
        ("the value $x^2+1$", "x^2+1", Kind.SINGLE),
        ("x<-1 \\text{ or } x>3", "x<-1 \\text{ or } x>3", Kind.SEVERAL),
        ("that she has 18 of them left over", "18", Kind.ANY),
    ],
)
def test_other_kinds(text: str, form: str, kind: Kind) -> None:
    found = read(text, kind)
    assert (found.forms[-1], found.refused) == (form, "")


def test_the_literal_text_comes_first() -> None:
    assert read("Answer: 7 pens (since 3 + 4 = 7)", Kind.NUMBER).forms[0] == "Answer: 7 pens (since 3 + 4 = 7)"


@pytest.mark.parametrize(
    ("text", "form"),
    [
        ("4.50 cents", "4.50 cents"),
        ("So it costs 18 dollars per day", "18 dollars"),
        ("18", "18"),
    ],
)
def test_an_amount_keeps_its_unit(text: str, form: str) -> None:
    assert read(text, Kind.AMOUNT).forms[-1] == form


@pytest.mark.parametrize("text", ["\\text{B or C}", "\\text{(B) or (C)}", "B ... C", "\\text{B, maybe C}"])
def test_two_options_in_text_are_no_option(text: str) -> None:
    assert not any(form in "BC" for form in read(text, Kind.LETTER).forms)


def test_a_decimal_that_goes_on_keeps_its_dots() -> None:
    assert read("0.333...", Kind.NUMBER).forms == ("0.333...",)


@pytest.mark.parametrize("blank", [" ", "\n", "\t"])
def test_white_space_within_a_claim_takes_linear_time(blank: str) -> None:
    assert growth(lambda n: read("7" + blank * n + "x", Kind.NUMBER), 15, 120) < 24


@pytest.mark.parametrize(
    "text",
    [
        *("6 \\times 9 = 56", "12 pens = 13 pens", "56 pens or more", "56 at least", "56 euros to 60 euros", "56 tens"),
        *("\\text{more than } 56", "at  most  56", "> 56", "less than about 56", "unlikely to be 56", "never 56"),
        *("I refuse to say 56.", "A. 56 B. 60", "la moitié de 56"),
    ],
)
def test_no_form_is_56(text: str) -> None:
    reading = read(text, Kind.NUMBER)
    assert reading.refused or "56" not in reading.forms


@pytest.mark.parametrize(
    "text", ["thrice $4x$", "The length is less than $4x$", "It is $3x$, $4x$", "Yes. No.", "(A) $4x$ or (B) $3x$"]
)
def test_no_single_form(text: str) -> None:
    reading = read(text, Kind.SINGLE)
    assert reading.refused


def test_the_text_of_an_option() -> None:
    assert "4x" in read("\\textbf{(C)}\\ 4x", Kind.SINGLE).forms
    assert "red" in read("\\text{(C) red}", Kind.SINGLE).forms
