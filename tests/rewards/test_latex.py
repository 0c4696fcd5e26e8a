"""Formulas: equal ones are found equal, and hostile ones end in no time."""

import subprocess
import sys
import time

import pytest

from rewards.hostile import ALGEBRA, HOSTILE, TOWERS
from whet.rewards.latex import LONGEST, latex_equal, refused


@pytest.mark.parametrize(
    ("given", "gold"),
    [
        ("\\frac{1}{\\sqrt{3}}", "\\frac{\\sqrt{3}}{3}"),
        ("3\\sqrt{13}", "\\sqrt{117}"),
        ("9a/20 + 11/20", "\\frac{11+9a}{20}"),
        ("1+x^2", "x^2 + 1"),
        ("6-5i", "-5i + 6"),
        ("5(26)", "5 \\cdot 26"),
        ("(5)(26)", "130"),
        ("4210_5", "4210_{5}"),
        ("2y = 4x + 6", "y = 2x + 3"),
        ("x^2 + y^2 - 25 = 0", "x^2 + y^2 = 25"),
        ("0.2x", "\\frac{x}{5}"),
        ("(x+1)^2", "x^2 + 2x + 1"),
        ("z_1 + 3z_{2}", "3z_2 + z_{1}"),
        ("2.5 - 0.25i", "\\frac{5}{2} - \\frac{1}{4}i"),
        ("y^{4/5}", "\\sqrt[5]{y^4}"),
        ("\\binom{k}{3}", "\\frac{k(k-1)(k-2)}{6}"),
    ],
)
def test_equal(given: str, gold: str) -> None:
    assert latex_equal(given, gold)


@pytest.mark.parametrize(
    ("given", "gold"),
    [
        ("(2,1)", "(1,2)"),
        ("(3,4)", "(3,4]"),
        ("2,3", "2,3,5"),
        ("x^2", "y^2"),
        ("z_1 + z_3", "z_2 + z_1"),
        ("2.5 - 0.2i", "\\frac{5}{2} - \\frac{1}{4}i"),
        ("\\sqrt{y^2}", "y"),
        ("y^{3/5}", "\\sqrt[5]{y^4}"),
        ("\\binom{k}{2}", "\\frac{k(k-1)(k-2)}{6}"),
        ("x + 1", "x - 1"),
        ("\\sqrt{2}", "\\sqrt{3}"),
        ("3.14", "\\pi"),
        ("4210_6", "4210_5"),
        ("4210_{5^2}", "4210_5"),
        ("555", "4210_5"),
        ("\\frac{\\pi}{2^{61}}", "\\frac{\\pi}{2^{60}}"),
        ("\\sqrt{10^{20}+1}", "\\sqrt{10^{20}+2}"),
        ("3.141592653589793", "\\pi"),
        ("2m", "2s"),
        ("x", "x m"),
        ("\\infty", "-\\infty"),
        ("x + y = 6", "x + y = 5"),
        ("x = 4", "x^2 = 16"),
        ("x + y = 5", "5"),
        ("5(26)", "31"),
        ("all of them", "\\sqrt{2}"),
        ("", "\\sqrt{2}"),
        ("\\sqrt{", "\\sqrt{2}"),
    ],
)
def test_not_equal(given: str, gold: str) -> None:
    assert not latex_equal(given, gold)


@pytest.mark.parametrize(
    "text",
    [*TOWERS, *ALGEBRA[6:], "\\binom{n}{n}", "\\binom{n}{9}", "x" * (LONGEST + 1), "", "in words", "5\ud800", "\x00"],
)
def test_refused(text: str) -> None:
    assert refused(text)


@pytest.mark.parametrize("text", ["x^{10} + 1", "2^{x} 3^{y}", "(x+1)^2 (x-1)^3", "\\sqrt{1+\\sqrt{2}}", "|x-1|", "5!"])
def test_ordinary_mathematics_is_not_refused(text: str) -> None:
    assert not refused(text)


@pytest.mark.parametrize("gold", ["\\sqrt{2}+1", "x^2+1"])
def test_hostile_text_ends_soon(gold: str) -> None:
    latex_equal("x", "y+1")  # loads the library
    for text in HOSTILE:
        start = time.process_time()
        assert not latex_equal(text, gold)
        assert time.process_time() - start < 2, text


def test_the_library_loads_only_when_needed() -> None:
    code = "import sys, whet.rewards.registry; sys.exit('math_verify' in sys.modules or 'sympy' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


@pytest.mark.parametrize(
    ("given", "gold", "equal"),
    [
        ("ba", "ab", True),
        ("a \\cdot b", "ab", True),
        ("-q+p", "p-q", True),
        ("\\sqrt{2 g h}", "\\sqrt{2gh}", True),
        ("3-x", "|x-3|", False),
        ("x-50", "|x-50|", False),
        ("3x+2", "2x+3", False),
    ],
)
def test_products_and_sums_of_variables(given: str, gold: str, equal: bool) -> None:
    assert latex_equal(given, gold) is equal
