"""Negations, bounds and choices in other languages than English."""

import re

import pytest

from whet.rewards.answer import find_answer
from whet.rewards.extraction.languages import CHOICES, LANGUAGES, any_of


@pytest.mark.parametrize(
    "text",
    [
        "Die Antwort ist nicht 42.",
        "mindestens 42",
        "zwischen 41 und 42",
        "42 oder 43",
        "La réponse n'est pas 42.",
        "plus de 42",
        "42 ou 43",
        "La respuesta no es 42.",
        "más de 42",
        "42 o 43",
        "La risposta non è 42.",
        "A resposta não é 42.",
        "не 42",
        "больше 42",
        "42 или 43",
        "答案不是42。",
        "不到42",
        "42以上",
        "42万",
        "42或43",
        "42ではない",
        "42または43",
    ],
)
def test_no_42(text: str) -> None:
    assert find_answer(text) != "42"


@pytest.mark.parametrize(
    "text",
    [
        "Die Antwort ist 42.",
        "La réponse est 42.",
        "La respuesta es 42.",
        "La risposta è 42.",
        "A resposta é 42.",
        "Ответ: 42",
        "答案是42。",
        "所以可能的值有42个。",
        "答えは42です。",
    ],
)
def test_42(text: str) -> None:
    assert find_answer(text) == "42"


def test_every_pattern_of_every_language_compiles_and_matches_no_empty_text() -> None:
    for part in ("negation", "bound", "behind"):
        pattern = re.compile(any_of(part))
        assert not pattern.search("")
        assert not pattern.search("She makes 18 dollars every day at the market of the town.")
    assert {"oder", "ou", "или", "或"} <= CHOICES
    assert {"de", "fr", "es", "ru", "zh", "ja"} <= set(LANGUAGES)
