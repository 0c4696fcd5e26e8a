"""Verdicts with their evidence, in the format's place and anywhere."""

import pytest

from whet.formats import BUILT_IN
from whet.rewards.judgement import finder, in_format, judge

BOXED, THINK = BUILT_IN["boxed"], BUILT_IN["think_answer"]


def test_the_rule_and_the_reason_are_told() -> None:
    judged = judge("#### 366 downloads over the three months.", finder(None), ["366"])
    assert judged.candidate is not None
    assert (judged.right, judged.candidate.rule) == (True, "####")
    assert judged.why.startswith("equal, read as 366")
    assert judge("no idea", finder(None), ["366"]).why == "no rule finds an answer"
    assert judge("\\boxed{18} or \\boxed{20}", finder(None), ["18"]).why == "several answers: 18 and 20"


@pytest.mark.parametrize(
    ("text", "gold", "right"),
    [
        ("so $-\\boxed{256}$", "256", False),
        ("so $-\\boxed{256}$", "-256", True),
        ("\\boxed{18} or \\boxed{20}", "20", False),
        ("First \\boxed{7}. Checking again, it is \\boxed{9", "7", False),
        ("<think>maybe \\boxed{7}", "7", False),
        ("so \\fbox{42}", "42", True),
        ("The answer is 42.", "42", False),
        ("\\boxed{18}. Wait, actually it is 20.", "18", False),
        ("$17 < \\boxed{18} < 19$", "18", True),
        ("\\boxed{18} to 6 children", "18", True),
        ("\\boxed{18} to 20", "18", False),
        ("$\\boxed{18}$ squared inches", "18", True),
        ("$\\boxed{18}$ squared", "18", False),
    ],
)
def test_the_place_of_boxed(text: str, gold: str, right: bool) -> None:
    assert judge(text, finder(BOXED), [gold]).right is right


def test_a_sign_in_the_reasoning_is_not_in_the_answer() -> None:
    assert judge("<think>$-\\boxed{5}$</think> <answer>5</answer>", finder(THINK), ["5"]).right


def test_strict_looks_in_the_place_of_the_format_only() -> None:
    assert in_format("The answer is 82.", THINK) is None
    assert judge("The answer is 82.", finder(THINK, lenient=True), ["82"]).right
    assert not judge("<think>a</think> <answer>18 or 20</answer>", finder(THINK, lenient=True), ["20"]).right


def test_any_of_the_accepted_answers_is_right() -> None:
    assert judge("\\boxed{0.5}", finder(None), ["one half", "0.5"]).right


def test_a_verifier_decides_where_there_is_one() -> None:
    judged = judge(
        "<think>a</think> <answer>4 * 6</answer>", finder(THINK), ["8 * 3"], lambda text: float(text == "4 * 6")
    )
    assert (judged.right, judged.why) == (True, "the problem's verifier accepts it")


def test_what_is_copied_from_the_question_is_not_worked_out() -> None:
    question, gold = "Expand $(x+2)(x+3)$.", "x^2+5x+6"
    assert not judge("\\boxed{(x+2)(x+3)}", finder(None), [gold], question=question).right


@pytest.mark.parametrize(
    ("text", "gold"),
    [
        ("**Final Answer**\n\nThe number of apples is $\\boxed{42}$.", "42"),
        ("The answer is $\\boxed{\\boxed{18}}$.", "18"),
        ("The answer is $\\boxed 7$.", "7"),
        ("The answer is *18*.", "18"),
        ("The answer is 18</s>", "18"),
        ("The answer is $18\\blacksquare$", "18"),
        ("So Janet makes 9 * $2 = $18 every day.", "18"),
        ("So 3/4 of 24 is 18.", "18"),
        ("The probability is 3/4 or 75%.", "\\frac{3}{4}"),
        ("The value is $\\boxed{\\frac{3}{4}}$, or 0.75.", "3/4"),
        ("\\boxed{18元}", "18"),
        ("故选C。", "C"),
        ("The solutions are $x=2$ and $x=1$.", "1,2"),
        ("The roots are x = 2 and x = 1.", "1,2"),
        ("The solutions are $2$, $1$, and $3$.", "1,2,3"),
        ("The temperature is negative 18 degrees.", "-18"),
    ],
)
def test_right_in_ways_of_other_models(text: str, gold: str) -> None:
    assert judge(text, finder(None), [gold]).right


@pytest.mark.parametrize(
    ("text", "gold"),
    [
        ("The answer is more than 18.", "18"),
        ("The answer is less than 18.", "18"),
        ("The answer is twice 9.", "9"),
        ("The answer is half of 18.", "18"),
        ("The answer is one third of 18.", "18"),
        ("The answer is the square root of 18.", "18"),
        ("The answer is the sum of 9 and 9.", "9"),
        ("The answer is 3 less than 18.", "3"),
        ("The answer is 18 to the power of 2.", "18"),
        ("The answer is negative 18.", "18"),
        ("<answer>18 is wrong</answer>", "18"),
        ("<answer>greater than 18</answer>", "18"),
        ("18 is not the answer.", "18"),
        ("Either $\\boxed{18}$ or 20.", "18"),
        ("The probability is 3/4 or 70%.", "\\frac{3}{4}"),
        ("The answer cannot be C.", "C"),
        ("All except C.", "C"),
        ("\\boxed{A maybe B}", "B"),
        ("\\boxed{A backup B}", "B"),
        ("\\boxed{A-B}", "B"),
        ("\\boxed{18 = 20}", "20"),
        ("B is not correct; A is.", "B"),
        ("\\boxed{7\\qquad \\textbf{(B)}\\ 3(1 + r/10)^x}", "B"),
        ("不是18。", "18"),
        ("大于18", "18"),
        ("\\boxed{18万元}", "18"),
    ],
)
def test_says_something_else(text: str, gold: str) -> None:
    assert not judge(text, finder(None), [gold]).right


def test_a_variable_of_the_question_is_no_option() -> None:
    question = "For a constant $c,$ find the shape described by $z = c$. (A) Line (C) Plane"
    assert not judge("\\boxed{c}", finder(None), ["C"], question=question).right
    assert judge("\\boxed{c}", finder(None), ["C"], question="Which one? (A) Line (C) Plane").right


def test_an_option_may_be_said_in_the_words_of_the_question() -> None:
    question = "Which is true? (A) Cats are birds of the wood. (B) Cats are animals with four legs."
    assert judge("(B) Cats are animals with four legs.", finder(None), ["B"], question=question).right


@pytest.mark.parametrize(
    ("text", "right"),
    [
        ("A box holds 20 pens and 3 are taken.", False),
        ("20 pens and 3 are taken.", False),
        ("A box holds 20 pens, so 3 are gone.", True),
        ("#### 3", True),
    ],
)
def test_a_copy_of_the_question_is_no_answer(text: str, right: bool) -> None:
    question = "A box holds 20 pens and 3\nare taken. How many are gone?"
    assert judge(text, finder(None), ["3"], question=question).right is right


@pytest.mark.parametrize(
    "text", ["<think>5</think> <answer>43</answer><|im_end|>", "<think>5</think> <answer>43</answer> </s>"]
)
def test_tokens_that_end_a_turn_are_no_part_of_the_format(text: str) -> None:
    assert judge(text, finder(BUILT_IN["think_answer"]), ["43"]).right
