"""Answers in the form that a question asks for: expectations by hand."""

import pytest

from rewards.growth import growth
from whet.rewards.asked_form import divisors, factors, has_asked_form, multiplied_sums
from whet.rewards.expressions import canonical
from whet.rewards.worked_out import is_worked_out


@pytest.mark.parametrize(
    ("given", "gold", "question"),
    [
        ("(p+q)(p+q)", "p^2+2pq+q^2", "Expand $(p+q)^2$."),
        ("y(y-1)+4(y-1)", "y^2+3y-4", "Expand $(y+4)(y-1)$."),
        (r"\frac{2(y+4)(y-1)}{2}", "y^2+3y-4", "Expand $(y+4)(y-1)$."),
        ("1(y^2+3y-4)", "(y+4)(y-1)", "Factor $y^2+3y-4$."),
        ("y(y+3)-4", "(y+4)(y-1)", "Factorise $y^2+3y-4$."),
        ("(y^2-9)(y^2+9)", "(y-3)(y+3)(y^2+9)", "Factor $y^4-81$ completely."),
        (r"\frac{(y+2)(y-2)}{y+2}", "y-2", r"Simplify $\frac{y^2-4}{y+2}$."),
        (r"\frac{1}{\sqrt{7}+\sqrt{6}}", r"\sqrt{7}-\sqrt{6}", r"Let $b = \sqrt{7}+\sqrt{6}$. What is $1/b$?"),
    ],
)
def test_an_expression_of_the_question_in_another_form_is_not_worked_out(given: str, gold: str, question: str) -> None:
    assert not is_worked_out(given, gold, question)


@pytest.mark.parametrize(
    ("given", "gold", "question"),
    [
        ("-4+3y+y^2", "y^2+3y-4", "Expand $(y+4)(y-1)$."),
        ("3y+3", "3(y+1)", "The count $y+1$ grows by a factor of 3. What is it then?"),
        ("(y+4)(y-1) = y^2+3y-4", "y^2+3y-4", "Expand $(y+4)(y-1)$."),
        ("(y+4)(y-1)", "y^2+3y-4", "Expand the product of y plus 4 and y minus 1."),
        ("(1-y)(-4-y)", "(y+4)(y-1)", "Factor $y^2+3y-4$."),
        ("(y-5)(y-5)", "(y-5)^2", "Factor $y^2-10y+25$."),
        ("(y-5)^2", "(y-5)(y-5)", "Factor $y^2-10y+25$."),
        ("y(y-3)(y+3) \\cdot 2", "2y(y-3)(y+3)", "Factor $2y^3-18y$."),
        (r"\frac{(y-3)(y+3)}{4}", r"\frac14(y-3)(y+3)", r"Factor $\frac{y^2}{4}-\frac94$."),
        (r"\frac{1}{y^3}", "y^{-3}", r"Simplify $\frac{y}{y^4}$."),
        (r"\frac{\sin y}{\cos y}", r"\tan y", r"Simplify $\frac{1}{\cot y}$."),
        (r"\frac{y+5}{y}", r"1+\frac{5}{y}", r"Simplify $\frac{y^2+5y}{y^2}$."),
        (r"\frac{y}{2}-1", r"\frac{y-2}{2}", r"Simplify $\frac{y^2-2y}{2y}$."),
        ("3(y+1)", "3y+3", "Find the sum of the three numbers."),
        (r"\frac{1}{\sqrt{7}+\sqrt{6}}", r"\sqrt{7}-\sqrt{6}", "How long is the side?"),
    ],
)
def test_other_ways_to_write_the_form_asked_for(given: str, gold: str, question: str) -> None:
    assert is_worked_out(given, gold, question)


def test_what_is_counted() -> None:
    formulas = ["2(y+1)", "y(y+1)^2", "(y+1)/(2)", "e^(y+1)", r"\sin(y+1)", "(y+1)*z", "-(y+1)"]
    assert list(map(multiplied_sums, formulas)) == [1, 1, 0, 0, 0, 1, 0]
    assert list(map(factors, ["6", "6y", "y^2z", "6y+1", "(y+1)^3", r"(2)(y)(y-1)", "(1)/(y)z"])) == [
        0,
        1,
        3,
        1,
        3,
        2,
        1,
    ]
    assert divisors(canonical(r"\frac{y+1}{2} + \frac{3}{y-1} + y/z")) == ["(y-1)", "z"]


@pytest.mark.parametrize("piece", ["(", "(y+1)", ")", "y", "/(y", "+y"])
def test_a_long_text_takes_linear_time(piece: str) -> None:
    question = "Expand, factor or simplify it."
    assert growth(lambda pieces: has_asked_form(piece * pieces, "y+1", question), 500, 2000) < 12
