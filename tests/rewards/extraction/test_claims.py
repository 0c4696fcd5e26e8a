"""The main claim of a text."""

import pytest

from rewards.growth import growth
from whet.rewards.extraction.claims import LONGEST_SENTENCE, main_claim, says_another


def test_parts() -> None:
    assert main_claim("18 (or 20)") == "18 (or 20)"


@pytest.mark.parametrize("piece", [", it a", "\n", "(a b ", ", the a"])
def test_a_claim_of_any_length_takes_linear_time(piece: str) -> None:
    assert growth(lambda n: main_claim(piece * n + " 1"), 500, 8000) < 64


@pytest.mark.parametrize("blank", [" ", "\n", "\t"])
def test_white_space_takes_linear_time(blank: str) -> None:
    assert growth(lambda n: main_claim("7" + blank * n + "x"), 15, 120) < 24


@pytest.mark.parametrize("piece", ["after a, ", "in ", "so ", "with a,"])
def test_circumstances_in_front_take_linear_time(piece: str) -> None:
    assert growth(lambda n: main_claim(piece * n + " 1"), 50, 150) < 24


@pytest.mark.parametrize(
    ("text", "claim"),
    [
        ("After 3 hours, the pool holds 41 liters", "After 3 hours, the pool holds 41 liters"),
        ("In May, with 31 days, the shop sold 41 bikes", "In May, with 31 days, the shop sold 41 bikes"),
        ("41 pupils (82%)", "41 pupils"),
        ("41 liters (at $2 each)", "41 liters"),
        ("41, the sum of both", "41"),
    ],
)
def test_claim(text: str, claim: str) -> None:
    assert main_claim(text) == claim


def test_what_replaces_a_claim() -> None:
    assert [
        says_another(rest, "41") for rest in (". No, 42", ". The answer is 42", ". The answer is 41", ", not 42")
    ] == [*(True, True, False, False)]


def test_a_text_longer_than_a_sentence_keeps_its_reasons() -> None:
    reason = ", because it is"
    for length in (LONGEST_SENTENCE, LONGEST_SENTENCE + 1):
        text = "7".ljust(length - len(reason), "7") + reason
        assert (main_claim(text) == text) is (length > LONGEST_SENTENCE)
