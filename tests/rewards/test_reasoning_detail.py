"""Enough reasoning, in words that are new."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from whet.formats import BUILT_IN, ResponseFormat
from whet.rewards.reasoning_detail import ReasoningDetailParams, reasoning_detail

THINK = BUILT_IN["think_answer"]


def graded(layout: ResponseFormat | None, words: int, text: str) -> list[float | None]:
    reward = reasoning_detail(layout, ReasoningDetailParams(words=words))
    return reward(prompts=[], completions=[text], completion_ids=[])


def score(reasoning: str, words: int = 10) -> float | None:
    text = f"<think>{reasoning}</think> <answer>these many words here count for nothing at all</answer>"
    (value,) = graded(THINK, words, text)
    return value


@pytest.mark.parametrize(
    ("reasoning", "value"),
    [
        ("", 0.0),
        ("one", 0.1),
        ("ash elm oak fir yew", 0.5),
        ("ash elm oak fir yew box bay fig gum nut", 1.0),
        ("ash elm oak fir yew box bay fig gum nut tea", 1.0),
        ("ash elm oak ash elm oak", 0.5),  # the run "ash elm oak" stood there before
        ("no no no no no no no no no no no no", 0.3),  # ten runs, one of them new: 12 - 9
    ],
)
def test_by_hand(reasoning: str, value: float) -> None:
    assert score(reasoning) == pytest.approx(value)


@given(st.lists(st.text("abc", min_size=1, max_size=3), max_size=30), st.text("abc", min_size=1, max_size=3))
def test_one_word_more_never_costs(words: list[str], word: str) -> None:
    before, after = score(" ".join(words)), score(" ".join([*words, word]))
    assert before is not None
    assert after is not None
    assert 0.0 <= before <= after <= 1.0


@given(st.lists(st.text("abcdef", min_size=1, max_size=4), min_size=3, max_size=20))
def test_said_again_it_counts_no_more(words: list[str]) -> None:
    """Only the two runs across each seam are new, and after the second time not even these."""
    texts = [" ".join(words * times) for times in (2, 3, 10)]
    assert len({score(text, words=1000) for text in texts}) == 1


def test_in_every_format() -> None:
    for layout in BUILT_IN.values():
        text = layout.render("Add the tens and then the ones of both.", "82")
        assert graded(layout, 9, text) == [1.0]


def test_no_reasoning_and_no_format() -> None:
    no_part = "<answer>82</answer>"
    assert graded(THINK, 4, no_part) == [0.0]
    assert graded(None, 4, "just two") == [0.5]
