"""Does a response agree with itself? By hand, in every format, and on real solutions."""

import json
import re
import time
from pathlib import Path

import pytest

from rewards.hostile import HOSTILE
from whet.errors import UserError
from whet.formats import BUILT_IN
from whet.rewards.output_consistency import output_consistency


def score(text: str, layout: str = "reasoning_output_answer") -> float | None:
    (value,) = output_consistency(BUILT_IN[layout])(prompts=[], completions=[text], completion_ids=[])
    return value


def said(reasoning: str, output: str, answer: str) -> str:
    return f"<reasoning>{reasoning}</reasoning> <output>{output}</output> <answer>{answer}</answer>"


@pytest.mark.parametrize(
    ("reasoning", "output", "answer", "value"),
    [
        ("37 + 45 = 70 + 12 = 82", "The answer is 82.", "82", 1.0),
        ("37 + 45 = 70 + 12 = 82", "They cost $82.00 in all.", "82", 1.0),
        ("37 + 45 = 70 + 12 = 82", "The answer is 83.", "82", 0.5),
        ("37 + 45 = 70 + 12 = 82", "The answer is 83.", "83", 0.5),
        ("37 + 45 = 70 + 12 = 82", "The answer is 83.", "84", 0.0),
        ("37 + 45 = 82 in 3 steps", "82", "82", 1.0),
        ("82 is less than 90", "82", "82", 1.0),
        ("He gets 37 + 45 =", "82", "82", 0.5),
        ("So it must be Evelyn who ran fastest.", "Evelyn.", "Evelyn", 1.0),
        ("So it must be Carla who ran fastest.", "Evelyn.", "Evelyn", 0.5),
        (r"Hence $x = \frac{\pi}{2}$.", r"$\frac{\pi}{2}$", r"\frac{\pi}{2}", 1.0),
        (r"Hence $x \in (3,4]$.", "(3,4]", "(3,4]", 1.0),
        ("37 + 45 = 82", "82", "", 0.0),
        ("", "", "82", 0.0),
    ],
)
def test_by_hand(reasoning: str, output: str, answer: str, value: float) -> None:
    assert score(said(reasoning, output, answer)) == value


def test_a_part_that_is_missing_does_not_agree() -> None:
    assert score("<reasoning>37 + 45 = 82</reasoning> <answer>82</answer>") == 0.5
    assert score("<answer>82</answer>") == 0.0
    assert score("82") == 0.0


@pytest.mark.parametrize(
    ("layout", "text", "value"),
    [
        ("think_answer", "<think>37 + 45 = 82</think> <answer>82</answer>", 1.0),
        ("think_answer", "<think>37 + 45 = 82</think> <answer>83</answer>", 0.0),
        ("reasoning_answer", "<reasoning>\n37 + 45 = 82\n</reasoning>\n<answer>\n82\n</answer>", 1.0),
        ("gsm8k", "37 + 45 = 82\n#### 82", 1.0),
        ("gsm8k", "37 + 45 = 82\n#### 83", 0.0),
        ("gsm8k", "#### 82", 0.0),
        ("boxed", r"37 + 45 = 82, so it is done: \boxed{82}", None),
        ("boxed", r"37 + 45 = \boxed{82}", None),
        ("boxed", r"Thus 37 + 45 = 82. $\boxed{82}$", 1.0),
        ("boxed", r"Thus 37 + 45 = 82. The answer is $\boxed{83}$", None),
        ("boxed", r"Thus 37 + 45 = 82. \boxed{83}", 0.0),
        ("plain", "37 + 45 = 82", None),
        ("plain", "37 + 45 = 82\n83", 0.0),
        ("plain", "I do not know", 0.0),
    ],
)
def test_in_every_format(layout: str, text: str, value: float | None) -> None:
    assert score(text, layout) == value


@pytest.mark.parametrize("layout", ["reasoning_output_answer", "boxed", "gsm8k", "plain", "think_answer"])
def test_real_solutions_agree_with_their_answers(shared: Path, layout: str) -> None:
    """All but a handful of GSM8K's solutions end in their answer; those that do not say $0.25 for 25 cents."""
    rows = [json.loads(line) for line in (shared / "gsm8k" / "test.jsonl").read_text("utf-8").splitlines()]
    parts = [re.sub(r"<<.*?>>", "", row["answer"]).split("\n#### ") for row in rows]
    texts = [BUILT_IN[layout].render(steps, answer) for steps, answer in parts]
    off = [BUILT_IN[layout].render(steps, str(int(answer.replace(",", "")) + 1)) for steps, answer in parts]
    reward = output_consistency(BUILT_IN[layout])
    full = [value == 1.0 for value in reward(prompts=[], completions=texts, completion_ids=[])]
    fooled = [value == 1.0 for value in reward(prompts=[], completions=off, completion_ids=[])]
    assert sum(full) / len(full) >= 0.985
    assert sum(fooled) / len(fooled) <= 0.01


def test_hostile_text_ends_soon() -> None:
    for text in HOSTILE:
        start = time.process_time()
        value = score(said(text, text, r"\sqrt{2}"))
        assert value is not None
        assert 0 <= value <= 1
        assert time.process_time() - start < 5


def test_it_needs_a_format() -> None:
    with pytest.raises(UserError, match="--format think_answer"):
        output_consistency(None)


@pytest.mark.parametrize("answer", ["6", "13", "21", "34", "four"])
@pytest.mark.parametrize(
    "hedge",
    [
        "The answer is 6. But 5+8=13. And $21$\n34",
        "The answer is 6. Or the answer is 13. Or the answer is 21. Or the answer is 34.",
        r"\\boxed{6} \\boxed{13} \\boxed{21} \\boxed{34}",
        "= 6\n= 13\n= 21\n34 or 6",
        "The answer is 6 or 13 or 21 or 34.",
        "6, 13, 21, 34",
    ],
)
def test_several_results_agree_with_no_answer(hedge: str, answer: str) -> None:
    hedge = hedge.replace("\\\\", "\\")
    value = score(said(hedge, hedge, answer))
    assert value == 0.0


@pytest.mark.parametrize(
    ("reasoning", "answer", "value"),
    [
        ("14 + 9 = 23, so 23 * 2 = 46 coins. She has 46.", "46", 1.0),
        ("The answer is 46. I hope it is correct.", "46", 1.0),
        (r"Hence the area is $\boxed{46}$. Note that 46 is even.", "46", 1.0),
        ("= 22\n23", "22", 0.0),
        ("23 = 22\nThe answer is 23.", "22", 0.0),
    ],
)
def test_the_result_of_reasoning_is_its_last(reasoning: str, answer: str, value: float) -> None:
    assert score(f"<think>{reasoning}</think> <answer>{answer}</answer>", "think_answer") == value


@pytest.mark.parametrize(
    ("reasoning", "answer", "value"),
    [
        ("The total is 12; the total is 13; the total is 14.", "12", 0.0),
        ("The total is 12; the total is 13; the total is 14.", "14", 0.0),
        ("n = 12. n = 13.", "13", 0.0),
        ("n = 12\nn = 13", "13", 0.0),
        ("It is 12. Or 13.", "13", 0.0),
        ("The answer is ____.", "13", 0.0),
        ("The answer is (see below).", "13", 0.0),
        (r"\boxed{}", "13", 0.0),
        (r"\boxed{12}. So 13.", "12", 0.0),
        (r"\boxed{12}. No, wait: 13.", "12", 0.0),
        (r"\boxed{13}. So 13.", "13", 1.0),
        ("n = 13.0\nn = 13", "13", 1.0),
        ("n = 6 + 7\nn = 13", "13", 1.0),
        ("m = 12\nn = 13", "13", 1.0),
        ("Let n = 12. One more, so n = 13.", "13", 1.0),
        ("The total is 12. One more makes 13. The total is 13.", "13", 1.0),
    ],
)
def test_one_name_has_one_value(reasoning: str, answer: str, value: float) -> None:
    assert score(f"<think>{reasoning}</think> <answer>{answer}</answer>", "think_answer") == value
