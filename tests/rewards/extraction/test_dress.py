"""What dresses an answer and says nothing."""

import pytest

from rewards.growth import growth
from whet.rewards.extraction.dress import undressed, without_period


@pytest.mark.parametrize(
    ("text", "bare"),
    [("***9***", "9"), ("2**3", "2**3"), ("**“18”** ✅", "18"), ("`73`", "73"), ("<b>18</b>", "18")],
)
def test_undressed(text: str, bare: str) -> None:
    assert undressed(text) == bare


@pytest.mark.parametrize(
    ("text", "bare"), [("18.", "18"), ("18 .", "18"), ("0.333...", "0.333..."), ("18...", "18"), ("so ...", "so")]
)
def test_without_period(text: str, bare: str) -> None:
    assert without_period(text) == bare


@pytest.mark.parametrize(
    ("text", "bare"),
    [("18 ✅ ✅", "18"), ("18 \\blacksquare \\square", "18"), ("18 \\qed ∎", "18"), ("✅ a b ✅", "a b")],
)
def test_pictures(text: str, bare: str) -> None:
    assert undressed(text) == bare


@pytest.mark.parametrize("piece", [" ", "✅", "\\square ", "\\qed", "\\blacksquare"])
def test_pictures_within_a_text_take_linear_time(piece: str) -> None:
    assert growth(lambda n: undressed("a" + piece * n + "b"), 250, 2000) < 24
