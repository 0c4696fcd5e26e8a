"""The n-gram penalty, by hand and by its properties."""

import time
from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from whet.formats import BUILT_IN
from whet.rewards.repetition import RepetitionParams, repeated_share, repetition

WORDS = st.lists(st.sampled_from("abc"), max_size=40)


def score(text: str, size: int = 4) -> float | None:
    (value,) = repetition(None, RepetitionParams(size=size))(prompts=[], completions=[text], completion_ids=[])
    return value


@pytest.mark.parametrize(
    ("text", "size", "value"),
    [
        ("", 2, 0.0),
        ("one", 2, 0.0),
        ("one two three four", 2, 0.0),
        ("a b a b a", 2, -0.5),  # ab ba ab ba
        ("a a a a a", 2, -0.75),  # TRL's own example, on words
        ("A a", 1, -0.5),
        ("a b c\na  b c", 3, -0.25),  # abc bca cab abc
        ("再算再算再算", 2, -0.6),  # 再算 算再 再算 算再 再算
    ],
)
def test_by_hand(text: str, size: int, value: float) -> None:
    assert score(text, size) == pytest.approx(value)
    assert str(score("no word comes back here", size)) == "0.0"


@given(WORDS, st.integers(1, 6))
def test_what_comes_back_is_all_but_the_first_of_each(words: list[str], size: int) -> None:
    grams = Counter(" ".join(words[start : start + size]) for start in range(len(words) - size + 1))
    repeated = sum(count - 1 for count in grams.values())
    assert repeated_share(words, size) == pytest.approx(repeated / max(1, grams.total()))
    assert 0 <= repeated_share(words, size) < 1


@given(st.lists(st.text("xyz", min_size=1), min_size=1, max_size=8), st.integers(1, 5), st.integers(1, 5))
def test_saying_it_all_once_more_costs(words: list[str], times: int, size: int) -> None:
    share = [repeated_share(words * count, size) for count in (times, times + 1)]
    assert share[0] <= share[1]


@pytest.mark.parametrize("piece", ["ab ", "a", "再", " ", "\x00", "$ "])
def test_a_long_text_ends_soon(piece: str) -> None:
    start = time.process_time()
    value = score(piece * (300_000 // len(piece)))
    assert value is not None
    assert -1 < value <= 0
    assert time.process_time() - start < 5


def test_the_whole_response_counts_in_every_format() -> None:
    for layout in BUILT_IN.values():
        reward = repetition(layout, RepetitionParams(size=2))
        assert reward(prompts=[], completions=["a b a b a"], completion_ids=[]) == [-0.5]
