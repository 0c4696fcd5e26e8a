"""Gold answers as data sets have them."""

import pytest

from whet.rewards.extraction.candidate import Kind
from whet.rewards.gold_answer import gold_answer, golds_of, kind_of, marked_answer


@pytest.mark.parametrize(
    ("text", "gold"),
    [
        ("18", "18"),
        ("The answer is 18.", "18"),
        ("So \\boxed{5}", "5"),
        ("2 + 3 = 5\n#### 5", "5"),
        ("#### 14\nThe answer is: 14", "14"),
        ("\\text{Evelyn}", "\\text{Evelyn}"),
        ("x \\geq 5", "x \\geq 5"),
        ("9" * 1000, "9" * 1000),
        ("He has two of them and then she gives him some more. " * 20, None),
        ("He has two of them and then she gives him some more. " * 20 + "Hence \\boxed{7}.", "7"),
    ],
)
def test_gold_texts(text: str, gold: str | None) -> None:
    assert gold_answer(text) == gold


@pytest.mark.parametrize(
    ("gold", "kind"),
    [
        ("1,080", Kind.NUMBER),
        ("-\\frac{3}{4}", Kind.NUMBER),
        ("12\\%", Kind.AMOUNT),
        ("\\$4.50", Kind.AMOUNT),
        ("$4.50$", Kind.NUMBER),
        ("\\text{(C)}", Kind.LETTER),
        ("5 cm", Kind.SINGLE),
        ("\\sqrt{2}", Kind.SINGLE),
        ("18,20", Kind.SEVERAL),
        ("x=2 \\text{ or } x=3", Kind.SEVERAL),
        ("(-\\infty,1)\\cup(3,\\infty)", Kind.SEVERAL),
    ],
)
def test_kinds(gold: str, kind: Kind) -> None:
    assert kind_of(gold) is kind


def test_lists_of_accepted_answers() -> None:
    assert golds_of(["1/2", "0.5"]) == ("1/2", "0.5")
    assert golds_of("1/2", ["0.5", None]) == ("1/2", "0.5")
    assert golds_of("") == golds_of(None) == ()


@pytest.mark.parametrize(
    ("text", "answer"),
    [
        (r"So \boxed{3} and \boxed{\frac{1}{2}}.", r"\frac{1}{2}"),
        ("It is 5.\nThe answer is: 18", "18"),
        ("The final answer is $18$. I hope it is correct.", "18"),
        ("48 / 2 = 24\n#### 24", "24"),
        ("<answer>7</answer>", "7"),
        ("A: 7", "7"),
        (r"The fee is $-\boxed{5}$.", "-5"),
        ("3 + 4 = 7", None),
        ("So she has 7 apples.", None),
        ("", None),
    ],
)
def test_the_answer_that_a_solution_marks(text: str, answer: str | None) -> None:
    assert marked_answer(text) == answer
