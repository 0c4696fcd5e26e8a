"""The lenient finder: the order of trust, and what it does not take for an answer."""

import time

import pytest

from rewards.growth import growth
from whet.rewards.answer import find_answer, without_end_tokens


@pytest.mark.parametrize(
    ("text", "answer"),
    [
        (r"so \boxed{82}. The answer is 83.", "82"),
        (r"\boxed{1}. Checking again, it is \boxed{2}", "2"),
        (r"it is \boxed{\frac{1}{2}}", r"\frac{1}{2}"),
        ("<answer>82</answer> The answer is 83.", "82"),
        ("<think>a</think> <answer> 82 </answer>", "82"),
        ("steps\n#### 1,080", "1,080"),
        ("The answer is 82. That took 3 steps.", "82"),
        ("The final answer is: **82**", "82"),
        ("Answer: 82", "82"),
        ("**Answer:** 82 apples", "82 apples"),
        ("The answer is $18.50.", "18.50"),
        ("The answer is $x^2 + 1$.", "x^2 + 1"),
        (
            "Final Answer: The final answer is $(3,\\frac{\\pi}{2}).$ I hope it is correct.",
            "(3,\\frac{\\pi}{2})",
        ),
        ("The answer is \\[ 82 \\]", "82"),
        ("The answer is 5. No, the answer is 6.", "6"),
        ("The answer is that she has 18 of them left over.", "18"),
        ("She has 16 - 3 = 13 left\nA: 26", "26"),
        ("37 + 45 = 82", "82"),
        ("so there are 1,080 of them.", "1,080"),
        ("it is -7", "-7"),
        ("The answer is", None),
        ("I do not know.", None),
        ("", None),
    ],
)
def test_order_of_trust(text: str, answer: str | None) -> None:
    assert find_answer(text) == answer


def test_reasoning_is_left_out() -> None:
    assert find_answer(r"<think>maybe \boxed{3}</think> It is 4.") == "4"
    assert find_answer("<think>it is 4</think>") == "4"  # nothing else was said


@pytest.mark.parametrize(
    ("text", "answer"),
    [
        ("f(1986,0) = f(1985, f(1986,1))", None),
        ("5^2 \\cdot 5^", None),
        ("there are 265 values of 2 \\cdot 4 + 1", "265"),
        ("it is 5 (half of 10/2)", "5"),
        ("that makes 9x", None),
        ("the sum (in all 12) is known", "12"),
    ],
)
def test_operands_are_no_answers(text: str, answer: str | None) -> None:
    assert find_answer(text) == answer


@pytest.mark.parametrize(
    "piece", ["the answer is ", "answer ", "A: ", "1-", "1,", r"\boxed{", "<answer>", "#### ", "$", " "]
)
def test_a_megabyte_takes_linear_time(piece: str) -> None:
    text = piece * (1_000_000 // len(piece))
    start = time.process_time()
    find_answer(text)
    assert time.process_time() - start < 5


@pytest.mark.parametrize(
    "text", ["#### 82<|im_end|>", "The answer is 82<|endoftext|>", "\\boxed{82} </s>", "A: 82<eos><eos>"]
)
def test_tokens_that_end_a_turn_are_no_part_of_the_answer(text: str) -> None:
    assert find_answer(text) == "82"


@pytest.mark.parametrize("piece", [" ", "<|", "<|a|>", "<|a|> x"])
def test_end_tokens_take_linear_time(piece: str) -> None:
    assert growth(lambda n: without_end_tokens(piece * n + ">"), 500, 8000) < 64
