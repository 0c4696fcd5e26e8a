"""What the fields of a section take, in words that a person would choose."""

from typing import Annotated, Literal

import pytest
from pydantic import BaseModel, Field, PositiveInt

from whet.config import Section
from whet.config.fields import keys_of, kind, missing, must_be


class Inner(BaseModel):
    a: int = 1
    b: int = 2


@pytest.mark.parametrize(
    ("annotation", "words"),
    [
        (int, "a whole number"),
        (PositiveInt, "a whole number (at least 1)"),
        (Annotated[int, Field(ge=0, lt=10)], "a whole number (at least 0, under 10)"),
        (Annotated[float, Field(gt=0, le=1)], "a number (over 0, at most 1)"),
        (PositiveInt | None, "a whole number (at least 1) or null"),
        (str | None, "a text or null"),
        (Literal["x", "y"], "one of x, y"),
        (list[str] | Literal["all"], "a list (each a text) or all"),
        (tuple[float, float], "a list of 2 (each a number)"),
        (dict[str, int], "a mapping of names to values"),
        (bool, "true or false"),
        (Inner, "a section (a, b)"),
    ],
)
def test_kinds_in_words(annotation: object, words: str) -> None:
    assert kind(annotation) == words


def test_dictionaries_with_few_names() -> None:
    assert kind(dict[Literal["a", "b"], float]) == "a mapping of a, b to values"


class Outer(Section):
    """A section of this test."""

    word: Literal["linear", "cosine"]
    """How it falls."""
    inner: Inner = Inner(a=7)
    """What is inside."""
    many: list[Inner] = Field(default_factory=list)
    """Several of these."""


def test_every_key_of_a_section_and_of_those_inside() -> None:
    keys = {key.key: key for key in keys_of(Outer, "x.")}
    assert list(keys) == ["x.word", "x.inner", "x.inner.a", "x.inner.b", "x.many", "x.many.*.a", "x.many.*.b"]
    assert (keys["x.word"].required, keys["x.word"].choices, keys["x.word"].types) == (
        True,
        ("linear", "cosine"),
        {str},
    )
    assert (keys["x.inner.a"].default, keys["x.many.*.a"].default) == (7, 1)


def test_what_a_value_must_be() -> None:
    word = next(keys_of(Outer))
    assert missing(word) == "is missing; it must be one of linear, cosine: How it falls"
    assert must_be("lineer", word) == "is 'lineer'; it must be one of linear, cosine; did you mean linear?"
    assert must_be(None, word) == "is empty; it must be one of linear, cosine"
    assert must_be(True, word) == "is true; it must be one of linear, cosine"
    assert len(must_be("x" * 500, word)) < 120
