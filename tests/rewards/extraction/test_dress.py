"""What dresses an answer and says nothing."""

import pytest

from whet.rewards.extraction.dress import undressed, without_period


@pytest.mark.parametrize(
    ("text", "bare"),
    [("***9***", "9"), ("2**3", "2**3"), ("**“18”** ✅", "18"), ("`73`", "73"), ("<b>18</b>", "18"), ("> 42", "42")],
)
def test_undressed(text: str, bare: str) -> None:
    assert undressed(text) == bare


@pytest.mark.parametrize(
    ("text", "bare"), [("18.", "18"), ("18 .", "18"), ("0.333...", "0.333..."), ("18...", "18"), ("so ...", "so")]
)
def test_without_period(text: str, bare: str) -> None:
    assert without_period(text) == bare
