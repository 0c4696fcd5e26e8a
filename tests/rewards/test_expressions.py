"""Formulas in one notation: expectations written out by hand."""

import time

import pytest

from whet.rewards.expressions import bag, canonical, formulas_of, tokens


@pytest.mark.parametrize(
    ("text", "written"),
    [
        (r"\dfrac{7}{9}", "(7)/(9)"),
        (r"\frac79", "(7)/(9)"),
        (r"\tfrac{y+1}{z}", "(y+1)/(z)"),
        (r"y^{2}", "y^(2)"),
        ("y²", "y^(2)"),
        ("y**3", "y^3"),
        (r"4 \times \sqrt{5}", r"4*\sqrt(5)"),
        ("4·√5", r"4*\sqrt5"),
        ("sqrt(5)", r"\sqrt(5)"),
        ("8 ÷ 3", "8/3"),
        ("−4", "-4"),
        (r"\sqrt[3]{7}", r"\sqrt_3(7)"),
        (r"\sqrt[n] 7", r"\sqrt_n(7)"),
        (r"\log_3 7", r"\log_(3)7"),
        ("π", r"\pi"),
        (r"\left[ -1, 5 \right)", "(-1,5)"),
        (r"\{4, 6\}", "(4,6)"),
        (r"60^{\circ}", "60°"),
        (r"12\,000 and 3,400", "12000and3400"),
        (r"\(y\)", "$y$"),
        ("y\u200b + 1", "y+1"),
        (r"\text{}\frac{y}{1}", "(y)"),
        ("0 + y + 0", "y"),
        ("10 + y", "10+y"),
        ("y + 0.5", "y+0.5"),
    ],
)
def test_one_notation(text: str, written: str) -> None:
    assert canonical(text) == written


def test_brackets_and_products_are_no_tokens() -> None:
    assert tokens(canonical(r"2 \cdot (y - 3)")) == tokens(canonical("2(y-3)")) == ("2", "y", "-", "3")
    assert tokens(canonical("12")) != tokens(canonical("1 * 2"))


def test_the_order_of_terms_does_not_count_in_a_bag() -> None:
    assert bag(tokens("y+3-z")) == bag(tokens("3-z+y"))
    assert bag(tokens("y-3")) != bag(tokens("y+3"))


def test_the_formulas_of_a_question() -> None:
    text, bags = formulas_of(r"Expand $(y+4)(y-1)$, where $y = 2z$.")
    assert " y + 4 y - 1 " in text
    assert {bag(("y", "+", "4", "y", "-", "1")), bag(("2", "z")), bag(("y",))} <= bags


@pytest.mark.parametrize("piece", ["{", "}{", "\\frac", "^", "0+", "1*", "$", " ", "\\left", "7,", "⁻", "\\text{"])
def test_a_long_text_takes_linear_time(piece: str) -> None:
    start = time.process_time()
    formulas_of(piece * (200_000 // len(piece)))
    assert time.process_time() - start < 5
