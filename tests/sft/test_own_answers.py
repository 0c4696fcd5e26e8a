"""Worked solutions made of a model's own answers."""

import pytest

from whet.sft.own_answers import different, reasoning_before


@pytest.mark.parametrize(
    ("text", "answer", "expected"),
    [
        ("2 + 3 = 5 apples.\nThe answer is 5.", "5", "2 + 3 = 5 apples."),
        ("2 + 3 = 5 apples.\n#### 5", "5", "2 + 3 = 5 apples."),
        ("2 + 3 = 5 apples.\n\nAnswer: **5**", "5", "2 + 3 = 5 apples."),
        ("First 2. Then 2 + 3 = \\boxed{5}.", "5", "First 2. Then 2 + 3 = 5."),  # the sentence computes it
        ("She has 5 left.", "5", "She has 5 left."),  # there is nothing before it
        ("2 + 3 = 5.\nThe answer is 5.\nLet me also say hello.", "5", "2 + 3 = 5."),  # nor what comes after
        ("50 - 45 gives it. It is 5.", "5", "50 - 45 gives it."),  # 5 is not part of 50 or 45
        ("<think>2 + 3 = 5</think> <answer>5</answer>", "5", "2 + 3 = 5"),
        ("It halves: x = \\boxed{\\frac{1}{2}}", "\\frac{1}{2}", "It halves: x = \\frac{1}{2}"),
        ("Nothing to be seen.", "7", "Nothing to be seen."),
        ("14 + 7 = 21\n14 + 7 = 21", "21", "14 + 7 = 21"),
        ("One.\n\nTwo.\n\nOne.\n1 + 1 = 2", "2", "One.\n\nTwo.\n\n1 + 1 = 2"),
    ],
)
def test_the_reasoning_is_what_stands_before_the_answer(text: str, answer: str, expected: str) -> None:
    assert reasoning_before(text, answer) == expected


def test_near_repeats_are_left_out() -> None:
    told = "Natalia sold 48 clips in April and half as many in May so 24 and in all 72"
    again = told.replace("clips", "hairclips")  # 3 of 16 runs of three words differ: 13 / 19 = 0.68
    other = "In May she sold 48 / 2 = 24. Together 48 + 24 = 72."
    assert different([told, told.upper() + ".", other], most=3) == [0, 2]
    assert different([told, again, other], most=3) == [0, 1, 2]


def test_no_more_than_most_are_kept() -> None:
    assert different(["one two three", "four five six", "seven eight nine"], most=2) == [0, 1]


def test_short_and_empty_texts_are_compared_too() -> None:
    assert different(["", "", "5", "5."], most=4) == [0, 2]
