"""The cosine reward, by hand and by its properties."""

import math
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from whet.errors import UserError
from whet.formats import BUILT_IN
from whet.rewards.length_cosine import LengthCosineParams, length_cosine

RIGHT, WRONG = "<think>a</think> <answer>82</answer>", "<think>a</think> <answer>83</answer>"


def score(text: str, length: int, gold: str | None = "82", **params: Any) -> float | None:
    reward = length_cosine(BUILT_IN["think_answer"], LengthCosineParams(**{"max_tokens": 100, **params}))
    (value,) = reward(prompts=["?"], completions=[text], completion_ids=[[7] * length], answer=[gold])
    return value


@pytest.mark.parametrize(
    ("length", "right", "wrong"),
    [
        (0, 1.0, -1.0),
        (25, 0.9267766953, -0.9267766953),  # 0.5 + 0.25 (1 + √½)
        (50, 0.75, -0.75),
        (75, 0.5732233047, -0.5732233047),
        (99, 0.5001233515, -0.5001233515),
        (100, -1.0, -1.0),
        (101, -1.0, -1.0),
    ],
)
def test_by_hand(length: int, right: float, wrong: float) -> None:
    assert score(RIGHT, length) == pytest.approx(right)
    assert score(WRONG, length) == pytest.approx(wrong)
    assert score("no layout", length) == pytest.approx(wrong)


def test_the_values_are_those_of_the_ends() -> None:
    ends = {"correct_short": 2.0, "correct_long": 1.0, "wrong_short": -10.0, "wrong_long": 0.0, "truncated": -10.0}
    assert [score(RIGHT, n, **ends) for n in (0, 50, 100)] == pytest.approx([2.0, 1.5, -10.0])
    assert [score(WRONG, n, **ends) for n in (0, 50, 100)] == pytest.approx([-10.0, -5.0, -10.0])
    assert score(RIGHT, 99, **ends) == pytest.approx(1.5 + 0.5 * math.cos(0.99 * math.pi))


VALUES = st.floats(-5, 5)


@given(st.lists(VALUES, min_size=4, max_size=4, unique=True), st.integers(2, 400), st.data())
def test_between_its_ends_one_way_and_right_above_wrong(values: list[float], limit: int, data: Any) -> None:
    low, high = sorted(values)[:2], sorted(values)[2:]
    wrong, right = data.draw(st.permutations(low)), data.draw(st.permutations(high))
    names = ("wrong_short", "wrong_long", "correct_short", "correct_long")
    params = {**dict(zip(names, [*wrong, *right], strict=True)), "max_tokens": limit}
    one, other = sorted(data.draw(st.tuples(st.integers(0, limit - 1), st.integers(0, limit - 1))))
    for text, (short, long) in ((RIGHT, right), (WRONG, wrong)):
        nearer, farther = score(text, one, **params), score(text, other, **params)
        assert nearer is not None
        assert farther is not None
        assert min(short, long) - 1e-9 <= farther <= max(short, long) + 1e-9
        assert (nearer - farther) * (short - long) >= -1e-9


def test_it_reads_answers_as_accuracy_does() -> None:
    assert score("The answer is 82.", 50) == -0.75
    assert score("The answer is 82.", 50, lenient=True) == 0.75
    for layout in BUILT_IN.values():
        reward = length_cosine(layout, LengthCosineParams(max_tokens=100))
        told = reward(prompts=["?"], completions=[layout.render("", "82")], completion_ids=[[7] * 50], answer=["82"])
        assert told == pytest.approx([0.75])


def test_where_it_does_not_apply() -> None:
    assert score(RIGHT, 50, gold=None) is None
    with pytest.raises(UserError, match="needs a column `answer`"):
        length_cosine(None, LengthCosineParams(max_tokens=9))(prompts=[], completions=["82"], completion_ids=[[1]])
    with pytest.raises(UserError, match="column `completion_ids`"):
        length_cosine(None, LengthCosineParams(max_tokens=9))(prompts=[], completions=["82"], answer=["82"])  # type: ignore[call-arg]


def test_being_wrong_never_pays() -> None:
    with pytest.raises(UserError, match=r"let a wrong response earn 0.5 and a right one 0.5"):
        length_cosine(None, LengthCosineParams(max_tokens=9, wrong_long=0.5))
    with pytest.raises(UserError, match="lacks 'max_tokens'"):
        length_cosine(None, LengthCosineParams())


@pytest.mark.parametrize("filler", ["\n", "\u200b", " ~", "hm ", "wait, 7 it is. ", "abc", "<!-- -->", "再算"])
def test_blanks_and_loops_do_not_make_a_wrong_response_better(filler: str) -> None:
    text = f"<think>a{filler * 400}</think> <answer>83</answer>"
    value = score(text, 90)
    assert value is not None
    assert value < -0.95
    assert score(text.replace("83", "82"), 90) == pytest.approx(0.5122358709), "a right one is as long as it is"
