"""What a verifier that evaluates may read: nothing that calls, looks up, loops or grows."""

import time

import pytest

from whet.data.safe_answers import EVALUATING, LONGEST, is_safe

ATTACKS = [
    "exit()",
    "__import__('os').system('ls')",
    "().__class__",
    "open('x', 'w')",
    "9**9**9**9",
    "(9**99)**99**99",
    "((9**99))**99 + ((9**99))**99",
    "factorial(10000000)",
    "[a for a in [1, 2] for b in [1, 2]]",
    "lambda: 1",
    "x.diff",
    "'a' * 9999999999",
    "[0] * 9999999999",
    "{}",
    "f'{x}'",
    "1 << 99999",
    "a = 1",
    "9999999999 ** 99",
    "sin.__globals__",
    "eval",
    "print",
]


@pytest.mark.parametrize("task", sorted(EVALUATING))
@pytest.mark.parametrize("attack", ATTACKS)
def test_attacks_are_not_read(task: str, attack: str) -> None:
    harmless = {"binary_matrix", "n_queens", "spiral_matrix", "string_insertion"}  # a bare name does nothing there
    if task in harmless and attack in ("eval", "print"):
        assert is_safe(task, attack)
    else:
        assert not is_safe(task, attack)


@pytest.mark.parametrize(
    ("task", "answer"),
    [
        ("countdown", "(83 - 25) * 4 + 9/3"),
        ("puzzle24", "-8 + 4*8"),
        ("polynomial_multiplication", "-12*x**4 + 30*x**3*y - y**10"),
        ("simple_integration", "7*X**3/3 - 0.5*X**2 + C"),
        ("simple_integration", "2*x**(3/2)/3 + C"),
        ("intermediate_integration", "-x*cos(2*x)/2 + log(x + 1) + (2*x + 3)**5/10 + C"),
        ("spiral_matrix", "[4, -1, 2]"),
        ("binary_matrix", "[[0, 1], [1, 2]]"),
        ("n_queens", "_ Q _\n_ _ Q"),
        ("string_insertion", "['A', \"B\"]"),
        ("sudoku", "anything (at) all; 9**9**9"),
    ],
)
def test_honest_answers_are_read(task: str, answer: str) -> None:
    assert is_safe(task, answer)


def test_no_verifier_reads_a_novel() -> None:
    assert is_safe("sudoku", "1" * LONGEST)
    assert not is_safe("sudoku", "1" * (LONGEST + 1))


@pytest.mark.parametrize("piece", ["1", "1 ", "((", "x*", "**2", "'a'", "[", "a ", "1.5", "+-"])
def test_reading_takes_no_time_whatever_the_text(piece: str) -> None:
    text = piece * 1500 + "!"
    start = time.perf_counter()
    assert not any(is_safe(task, text) for task in EVALUATING)
    assert time.perf_counter() - start < 0.5
