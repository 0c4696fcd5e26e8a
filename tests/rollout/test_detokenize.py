"""Tokens to text, however finely it is chopped."""

from collections.abc import Callable, Sequence

from hypothesis import given
from hypothesis import strategies as st

from whet.rollout.detokenize import BROKEN, TextReader


def of_bytes(tokens: Sequence[int]) -> str:
    """A byte-level tokenizer: one token per byte."""
    return bytes(tokens).decode(errors="replace")


def of_words(tokens: Sequence[int]) -> str:
    """A tokenizer that writes no space at the start of a text."""
    return "".join(f" word{token}" for token in tokens).removeprefix(" ")


def of_words_and_marks(tokens: Sequence[int]) -> str:
    """The same, where token 0 is special and left out."""
    return of_words([token for token in tokens if token])


def told(decode: Callable[[Sequence[int]], str], tokens: Sequence[int]) -> list[str]:
    """What a reader shows token by token, the rest last."""
    reader = TextReader(decode)
    return [*map(reader.feed, tokens), reader.finish()]


@given(st.text(st.characters(exclude_categories=["Cs"], exclude_characters=BROKEN)))
def test_bytes_of_a_character_are_shown_when_it_is_whole(text: str) -> None:
    shown = told(of_bytes, text.encode())
    assert "".join(shown) == text
    assert not any(BROKEN in piece for piece in shown)


def test_letters_are_shown_at_once() -> None:
    assert told(of_bytes, "8 €!".encode()) == ["8", " ", "", "", "€", "!", ""]


def test_bytes_that_never_become_a_character_are_shown_as_broken() -> None:
    assert "".join(told(of_bytes, b"a\xe2\x82b")) == f"a{BROKEN}b"
    assert "".join(told(of_bytes, b"a\xe2\x82")) == f"a{BROKEN}"


@given(st.lists(st.integers(0, 9)))
def test_spaces_between_words_survive(tokens: list[int]) -> None:
    assert "".join(told(of_words, tokens)) == of_words(tokens)
    assert "".join(told(of_words_and_marks, tokens)) == of_words_and_marks(tokens)
