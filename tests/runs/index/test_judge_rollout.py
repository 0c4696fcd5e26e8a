"""Which rollouts are right, and what they answer."""

import pytest

from whet.formats import BUILT_IN
from whet.runs.index.judge_rollout import LONGEST, judge_by

JUDGE = judge_by(BUILT_IN["think_answer"], ("exact_match", "accuracy"))


def test_the_answer_is_the_one_in_the_format_s_place() -> None:
    text = "<think>first 3, or 4</think> <answer>5</answer>"
    assert JUDGE({"text": text, "gold": "5", "parts": {"accuracy": 1.0}}) == (True, "5")


def test_without_the_format_it_is_looked_for_anywhere() -> None:
    assert JUDGE({"text": "So the answer is 12.", "gold": "5", "parts": {"accuracy": 0.0}}) == (False, "12")
    assert JUDGE({"text": "I do not know", "gold": "5", "parts": {"accuracy": 0.0}}) == (False, None)


@pytest.mark.parametrize(
    ("parts", "correct"),
    [
        ({"accuracy": 1.0}, True),
        ({"accuracy": 0.5}, False),
        ({"exact_match": None, "accuracy": 1.0}, True),
        ({"exact_match": 0.0, "accuracy": 1.0}, False),
        ({"format_soft": 1.0}, None),
        ({}, None),
        (None, None),
    ],
)
def test_the_first_correctness_reward_that_applied_decides(parts: object, correct: bool | None) -> None:
    assert JUDGE({"text": "", "gold": "1", "parts": parts}).correct is correct


def test_a_format_that_is_not_known_leaves_the_lenient_answer() -> None:
    assert judge_by(None, ())({"text": r"so \boxed{7}", "gold": "7"}) == (None, "7")


def test_endless_answers_are_cut() -> None:
    text = f"<think>x</think> <answer>{'word ' * 400}</answer>"
    assert len(JUDGE({"text": text, "gold": "yes"}).answer or "") <= LONGEST


def test_a_record_of_an_older_form_is_judged_without_complaint() -> None:
    assert JUDGE({}) == (None, None)
