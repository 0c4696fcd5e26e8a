"""Answers that equal the gold one: worked out, or only copied or left to be computed. All expectations by hand."""

import json
import time
from pathlib import Path

import pytest

from rewards.hostile import HOSTILE
from whet.rewards.correctness import AccuracyParams, accuracy
from whet.rewards.worked_out import is_worked_out

COPIED = [
    ("(y+4)(y-1)", "y^2+3y-4", "Expand $(y+4)(y-1)$."),
    ("y^2-9", "(y-3)(y+3)", "Factor $y^2-9$ completely."),
    (r"\sqrt{50}", r"5\sqrt{2}", r"Simplify $\sqrt{50}$."),
    (r"\sqrt{8}+\sqrt{18}", r"5\sqrt{2}", r"Simplify $\sqrt{8}+\sqrt{18}$."),
    (r"\sqrt{18}+\sqrt{8}", r"5\sqrt{2}", r"Simplify $\sqrt{8}+\sqrt{18}$."),
    ("7z-2-z+9", "6z+7", "Combine like terms in 7z - 2 - z + 9."),
    (r"\frac{6y^5}{2y^2}", "3y^3", r"Simplify \[\frac{6y^5}{2y^2}.\]"),
    ("6y^5/(2y^2)", "3y^3", r"Simplify $\dfrac{6y^5}{2y^2}$."),
    (r"\frac{2}{\sqrt{5}}", r"\frac{2\sqrt{5}}{5}", r"Rationalize the denominator of $\frac{2}{\sqrt{5}}$."),
    (r"\sin 45^\circ", r"\frac{\sqrt{2}}{2}", r"What is $\sin 45^\circ$?"),
    (r"\{2,5\} \cup \{7\}", r"\{2,5,7\}", r"List $\{2,5\} \cup \{7\}$."),
    (r"[1,6] \cap [4,9]", "[4,6]", r"Find $[1,6] \cap [4,9]$."),
    ("(3+2,8-1)", "(5,7)", "Plot the point $(3+2,8-1)$."),
    ("5x+4y=12", r"y=\frac{12-5x}{4}", "Solve $5x+4y=12$ for $y$."),
    ("2y > 14", "y > 7", "Solve $2y > 14$."),
    (r"\omega^3 = 1", "1", r"Let $\omega^3 = 1$. Find $\omega^6$."),
    (r"\frac{18}{24}", r"\frac{3}{4}", r"Reduce $\frac{18}{24}$."),
    ("18/24", r"\frac{3}{4}", "What part of the cake is 18/24?"),
    ("0.375", r"\frac{3}{8}", "Write 0.375 as a fraction."),
    (r"\frac{7}{8}", "0.875", r"Convert $\frac78$ to a decimal."),
    ("0.4", r"40\%", "Express 0.4 as a percentage."),
]

DRESSED = [
    ("{}", "as it stands"),
    ("$ {} $", "in dollars"),
    ("x = {}", "named"),
    ("({})", "in brackets"),
    (r"\left({}\right)", "in large brackets"),
    (r"\displaystyle {}.", "displayed"),
    ("0 + {}", "and nothing"),
    (r"1 \cdot ({})", "once"),
    (r"\frac{{{}}}{{1}}", "over one"),
    ("--{}", "minus minus"),
    (r"\text{{}}{}", "after no text"),
    ("\u200b{}\u200b", "between zero-width spaces"),
    ("{0} = {0}", "equal to itself"),
]


@pytest.mark.parametrize("dress", [dress for dress, _ in DRESSED], ids=[name for _, name in DRESSED])
@pytest.mark.parametrize(("given", "gold", "question"), COPIED[:9])
def test_an_expression_of_the_question_is_not_worked_out(given: str, gold: str, question: str, dress: str) -> None:
    assert not is_worked_out(dress.format(given), gold, question)


@pytest.mark.parametrize(("given", "gold", "question"), COPIED[9:])
def test_copies_of_every_kind(given: str, gold: str, question: str) -> None:
    assert not is_worked_out(given, gold, question)


@pytest.mark.parametrize(
    ("given", "gold"),
    [
        (r"\pi \cdot 7^2", r"49\pi"),
        (r"\pi(\sqrt{11})^2", r"11\pi"),
        (r"3 \cdot 4 x", "12x"),
        ("(2+5, 1)", "(7, 1)"),
        ("(6/2, 1)", "(3, 1)"),
        (r"\sqrt{49} x", "7x"),
        ("4! x", "24x"),
        ("5y + 2y", "7y"),
        (r"30\pi - 12\pi", r"18\pi"),
        (r"\cos(60°) x", r"\frac{x}{2}"),
        (r"3\begin{pmatrix} 1 \\ 2 \end{pmatrix}", r"\begin{pmatrix} 3 \\ 6 \end{pmatrix}"),
        (
            r"\begin{pmatrix} 1 \\ 2 \end{pmatrix} + \begin{pmatrix} 4 \\ 4 \end{pmatrix}",
            r"\begin{pmatrix} 5 \\ 6 \end{pmatrix}",
        ),
    ],
)
def test_pending_arithmetic_is_not_worked_out_whatever_the_question(given: str, gold: str) -> None:
    assert not is_worked_out(given, gold)
    assert not is_worked_out(given, gold, "What is it?")
    assert is_worked_out(gold, gold)


@pytest.mark.parametrize(
    ("given", "gold", "question"),
    [
        ("(y+4)(y-1)", "y^2+3y-4", "Which quadratic has the roots -4 and 1?"),
        (r"\sqrt{50}", r"5\sqrt{2}", "How long is the diagonal of a square of side 5?"),
        (r"\frac{2}{\sqrt{5}}", r"\frac{2\sqrt{5}}{5}", "Find the cosine of the angle."),
        ("y-3", "y - 3", "Divide $y^2-9$ by $y+3$; is it $y-3$?"),
        ("-3+y", "y-3", "Is it $y-3$ or $y+3$?"),
        (r"\dfrac{\sqrt{3}}{2}", r"\frac{\sqrt3}{2}", r"Which is larger, $\frac{\sqrt{3}}{2}$ or $\frac{1}{2}$?"),
        ("√3/2", r"\frac{\sqrt3}{2}", r"Which is larger, $\frac{\sqrt{3}}{2}$ or $\frac{1}{2}$?"),
        ("f(x) = 2x+7", "2x+7", "Find $f$ if $f(0)=7$."),
        (r"\sqrt{8}+\sqrt{18} = 5\sqrt{2}", r"5\sqrt{2}", r"Simplify $\sqrt{8}+\sqrt{18}$."),
        ("2^{10}", "2^{10}", "How many subsets are there? Leave a power."),
        ("1024", "2^{10}", "How many subsets are there?"),
        ("2^3 \\cdot 5^2", "2^3 \\cdot 5^2", "Factor 200."),
        ("1/2", "0.5", "Tom eats 1/2 of the cake. How much is left?"),
        ("0.5", r"\frac{1}{2}", "A coin lands heads with probability 0.5. And tails?"),
        ("$18", "18", "A ticket costs $18. What does she pay for one?"),
        ("1,000", "1000", "Write 1,000 as it is."),
        ("50%", "50", "Prices rose 50%. By how many percent?"),
        ("x > 7", "x > 7", "Solve $2x > 14$."),
        ("(7, 1)", "(7,1)", "Is it $(7,1)$?"),
        ("8 - 3i", "8-3i", "Compute $(4+i) + (4-4i)$."),
        ("Monday", "monday", "Is it Monday or Tuesday?"),
        (r"3 + 2\sqrt{2}", r"3+2\sqrt{2}", r"Expand $(1+\sqrt{2})^2$."),
    ],
)
def test_worked_out(given: str, gold: str, question: str) -> None:
    assert is_worked_out(given, gold, question)


def test_accuracy_reads_the_question_from_the_prompt() -> None:
    grade = accuracy(None, AccuracyParams())
    question = r"Simplify $\sqrt{50}$."
    chat = [{"role": "system", "content": r"Be brief, \sqrt{2}."}, {"role": "user", "content": question}]
    for prompt in (question, chat):
        texts = [r"\boxed{\sqrt{50}}", r"\boxed{5\sqrt{2}}"]
        assert grade(prompts=[prompt] * 2, completions=texts, completion_ids=[], answer=[r"5\sqrt{2}"] * 2) == [0, 1]


def test_no_formula_of_a_problem_is_paid_in_another_notation_than_the_gold_one(shared: Path) -> None:
    """The first 100 problems of MATH-500; the whole of it is `python -m benchmarks.copied_formulas`."""
    import re

    rows = [json.loads(line) for line in (shared / "math500" / "test.jsonl").read_text("utf-8").splitlines()[:100]]
    grade, cut = accuracy(None, AccuracyParams()), 0
    for row in rows:
        formulas = {one.strip(" .,") for one in re.findall(r"\$([^$]+)\$", row["problem"])} - {row["answer"]}
        cut += len(formulas)
        texts = [f"\\boxed{{{formula}}}" for formula in sorted(formulas)]
        problems, golds = [row["problem"]] * len(texts), [row["answer"]] * len(texts)
        assert not any(grade(prompts=problems, completions=texts, completion_ids=[], answer=golds)), row["problem"]
    assert cut > 150


def test_hostile_text_ends_soon() -> None:
    for text in HOSTILE:
        start = time.process_time()
        is_worked_out(text[:2000], r"\sqrt{2}", text)
        assert time.process_time() - start < 5


@pytest.mark.parametrize(
    ("given", "gold", "question", "worked"),
    [
        ("\\log t = 4", "4", "", False),
        ("\\log_3(t) = 4", "4", "Find $t$ if $t = 3^4$.", False),
        ("\\cos t = 1", "1", "Find $t$.", False),
        ("|t| = 4", "4", "", False),
        ("\\cos t = 1", "1", "If $t = 0$, what is $\\cos t$?", True),
        ("\\cos(t) = 1", "1", "If $t = 0$, what is $\\cos t$?", True),
        ("|t| = 4", "4", "What is $|t|$?", True),
        ("\\cos t = 1", "\\cos t = 1", "", True),
        ("\\cos A = \\frac{1}{3}", "\\frac{1}{3}", "", True),
        ("\\tan\\theta = 4", "4", "", True),
        ("\\log_a b = 4", "4", "", True),
    ],
)
def test_an_equation_about_a_variable_is_not_solved(given: str, gold: str, question: str, worked: bool) -> None:
    assert is_worked_out(given, gold, question) is worked


@pytest.mark.parametrize(
    ("given", "gold"),
    [
        ("2\\frac{1}{3}", "\\frac{7}{3}"),
        ("-2\\frac13", "-\\frac{7}{3}"),
        ("10^6", "1000000"),
        ("(x-5)^2 + 3", "x^2 - 10x + 28"),
        ("(x-1)^2+(y-2)^2=9", "x^2-2x+y^2-4y-4=0"),
    ],
)
def test_other_forms_that_are_worked_out(given: str, gold: str) -> None:
    assert is_worked_out(given, gold)


@pytest.mark.parametrize(("given", "gold"), [("5^2", "25"), ("(5)^2\\pi", "25\\pi"), ("2(3)\\pi", "6\\pi")])
def test_powers_and_products_of_numbers_are_not_worked_out(given: str, gold: str) -> None:
    assert not is_worked_out(given, gold)


@pytest.mark.parametrize(
    ("given", "gold", "question", "worked"),
    [
        ("2 hours", "120\\text{ minutes}", "How many minutes are 2 hours?", False),
        ("1/2 hour", "30\\text{ minutes}", "How many minutes are 1/2 hour?", False),
        ("120 min", "120\\text{ minutes}", "How many minutes are 2 hours?", True),
        ("2 hours", "120\\text{ minutes}", "How long does it take?", True),
        ("0.60", "\\frac{3}{5}", "Write 0.6 as a fraction.", False),
        ("4500000", "4.5 \\times 10^6", "Write 4,500,000 in scientific notation.", False),
        ("48^{1/2}", "4\\sqrt{3}", "Simplify $\\sqrt{48}$.", False),
        ("2^{1/2}", "\\sqrt{2}", "", True),
        ("x=5.0", "x=5", "", True),
        ("$4.50", "\\$4.50", "", True),
        ("1\\frac{1}{2} hours", "1.5\\text{ hours}", "", True),
        ("\\exp(2)", "e^2", "", True),
    ],
)
def test_units_and_notations_of_the_question(given: str, gold: str, question: str, worked: bool) -> None:
    assert is_worked_out(given, gold, question) is worked


@pytest.mark.parametrize(
    ("given", "gold", "question", "worked"),
    [
        ("\\sqrt[3]{7}", "7^{1/3}", "", True),
        ("4\\sqrt[5]{2}", "4 \\cdot 2^{1/5}", "", True),
        ("\\sqrt[3]{64} y", "4y", "", False),
        ("\\sqrt[3]{65} y", "\\sqrt[3]{65} \\cdot y", "", True),
        ("\\sqrt[3]{24}", "2\\sqrt[3]{3}", "Simplify $\\sqrt[3]{24}$.", False),
        ("7.2 \\times 10^4 \\text{ km}", "72000", "", True),
        ("7.2 \\times 10^{4}\\text{ m/s}", "72000", "", True),
        ("7.2 \\times 10^4 \\text{ km}", "72000", "Write $7.2 \\times 10^4$ km without a power.", False),
        ("10^4 y", "10000y", "", False),
        ("\\log 7", "\\log_{10} 7", "", True),
        ("\\frac{\\ln 7}{\\ln 3}", "\\log_3 7", "", True),
        ("\\ln 5 + 2\\ln 3", "\\ln 45", "", True),
        ("\\frac13 \\ln 7", "\\ln \\sqrt[3]{7}", "", True),
        ("\\ln 5 + \\ln 7", "\\ln 35", "Write $\\ln 5 + \\ln 7$ as one logarithm.", False),
        ("\\ln 7 + \\ln 5", "\\ln 35", "Write $\\ln 5 + \\ln 7$ as one logarithm.", False),
        ("\\ln 4 \\cdot y", "2y\\ln 2", "", True),
        ("y \\log_3 9", "2y", "", False),
        ("\\log_3 3 + \\ln y", "1 + \\ln y", "", False),
        ("3 \\cdot 3 \\cdot 5", "3^2 \\cdot 5", "", True),
        ("5 \\cdot 3^2", "3 \\cdot 3 \\cdot 5", "", True),
        ("3 \\cdot 3 \\cdot 5", "3^2 \\cdot 5", "Write $3 \\cdot 3 \\cdot 5$ with powers.", False),
        ("\\sqrt{5} + \\sqrt{7}", "\\sqrt{12 + 2\\sqrt{35}}", "", True),
        ("\\sqrt{3} + \\sqrt{12}", "3\\sqrt{3}", "", False),
    ],
)
def test_roots_logarithms_and_factors(given: str, gold: str, question: str, worked: bool) -> None:
    assert is_worked_out(given, gold, question) is worked
