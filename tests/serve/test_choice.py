"""Text and tokens of a completion, stop texts left out."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from whet.serve.choice import Choice, Delta, Scored, first_stop, unfinished

END = 0


def letters(tokens: object) -> str:
    """A tokenizer of one letter per token; 0 is the end token."""
    return "".join(chr(token) for token in tokens)  # type: ignore[attr-defined]


def written(text: str, stops: tuple[str, ...] = (), most: int = 100, opening: str = "") -> list[Delta]:
    choice = Choice(0, letters, most, frozenset({END}), stops, opening)
    deltas = []
    for token in [*map(ord, text), END]:
        deltas.append(choice.take(Scored(token, -0.5)))
        if choice.finish:
            break
    return deltas


def whole(deltas: list[Delta]) -> tuple[str, list[int], str | None]:
    tokens = [one.id for delta in deltas for one in delta.tokens]
    return "".join(one.text for one in deltas), tokens, deltas[-1].finish


def test_an_end_token_ends_it_and_is_told_without_text() -> None:
    assert whole(written("ab")) == ("ab", [97, 98, END], "stop")


def test_the_limit_ends_it() -> None:
    assert whole(written("abcd", most=3)) == ("abc", [97, 98, 99], "length")


def test_letters_are_told_at_once_unless_they_may_begin_a_stop_text() -> None:
    assert [one.text for one in written("a.bc", ("bcd",))] == ["a", ".", "", "", "bc"]
    assert [one.text for one in written("a.bc")] == ["a", ".", "b", "c", ""]


def test_a_stop_text_is_left_out_with_its_tokens() -> None:
    assert whole(written("one stop more", ("stop",))) == ("one ", [*map(ord, "one ")], "stop")


def test_the_earliest_stop_text_counts() -> None:
    assert whole(written("a, b; c", ("; c", ", b")))[0] == "a"


def test_what_the_prompt_wrote_begins_the_text() -> None:
    assert whole(written("ab", opening="<think>\n"))[:2] == ("<think>\nab", [97, 98, END])


@given(st.text("abc", max_size=20), st.lists(st.text("abc", min_size=1, max_size=3), max_size=3))
def test_a_text_is_cut_where_its_first_stop_text_is_completed(text: str, stops: list[str]) -> None:
    """The completion ends with the token that completes a stop text, so of two the one completed first counts."""
    shown, tokens, _ = whole(written(text, tuple(stops)))
    ends = [text.find(stop) + len(stop) for stop in stops if stop in text]
    upto = text[: min(ends)] if ends else text
    expected = upto[: min(upto.find(stop) for stop in stops if stop in upto)] if ends else text
    assert shown == expected
    assert letters(token for token in tokens if token) == expected


@pytest.mark.parametrize(("text", "found"), [("x", 0), ("xa", 1), ("xab", 2), ("xabc", 0), ("a", 1)])
def test_unfinished(text: str, found: int) -> None:
    assert unfinished(text, ["abc"]) == found


def test_first_stop() -> None:
    assert first_stop("abc", ["c", "b"]) == 1
    assert first_stop("abc", []) is None
