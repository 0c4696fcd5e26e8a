"""Labels, chains and inequalities."""

import time

import pytest

from whet.rewards.values.relation import (
    congruence,
    has_relation,
    inequality,
    is_label,
    may_be_label,
    read_region,
    sides,
)


@pytest.mark.parametrize(
    "text",
    [
        *("x", "x_1", "a_{n}", "\\alpha", "f(2)", "f^{-1}(x)", "AB", "\\angle ABC", "Total cost", "\\text{Area}"),
        *("\\vec{u}", "\\overrightarrow{PQ}", "\\hat p", "\\frac{dp}{dt}", "\\frac{d^2s}{dt^2}", "E[N]"),
        *("\\text{Var}[X]", "m:n", "p : q : r"),
    ],
)
def test_labels(text: str) -> None:
    assert is_label(text)


@pytest.mark.parametrize(
    "text", ["x+y", "xy", "2x", "\\cos x", "\\sin(x)", "x^2", "|x|", "\\sqrt{x}", "5", "\\log x", ""]
)
def test_what_has_a_value_of_its_own_is_no_label(text: str) -> None:
    assert not is_label(text)


def test_an_answer_may_name_a_sum() -> None:
    assert all(map(may_be_label, ("x", "x+y", "xy", "a - b", "\\angle ABC")))
    assert not any(map(may_be_label, ("2x", "x+5", "37+45", "\\sqrt{2}", "\\frac{1}{2}", "x^2")))


def test_an_answer_may_name_what_it_measures() -> None:
    measured = ("\\frac{p}{q}", "\\frac{PQ}{QR}", "m/n", "|w|", "\\lvert PQ \\rvert", "\\|\\vec{u}\\|", "# B")
    assert all(map(may_be_label, measured))
    assert not any(map(is_label, measured))
    assert not any(map(may_be_label, ("\\frac{p}{2}", "\\frac{1}{q}", "|p-4|", "p/2", "|3|", "\\frac{p+1}{q}")))


def test_a_long_text_is_no_label_and_found_so_at_once() -> None:
    start = time.process_time()
    assert not any(may_be_label(text) for text in ("a b " * 500, "a+" * 1000, "abc " * 500, "a_1 " * 400))
    assert time.process_time() - start < 1


def test_sides() -> None:
    assert sides("x = \\frac{1}{3} \\approx 0.33") == ["x", "\\frac{1}{3}", "0.33"]
    assert sides("5/6 or about 0.83") == ["5/6", "0.83"]
    assert sides("x") == ["x"]
    assert sides("\\sum_{i=0}^{3} i = 6") == ["\\sum_{i=0}^{3} i", "6"]
    assert sides("\\{x = 1, y = 2\\}") == ["\\{x", "1, y", "2\\}"]


@pytest.mark.parametrize(
    ("text", "interval", "variable"),
    [
        ("x < 4", "(-\\infty,4)", "x"),
        ("4 > x", "(-\\infty,4)", "x"),
        ("x \\ge 5", "[5,\\infty)", "x"),
        ("2 \\le x < 5", "[2,5)", "x"),
        ("5 > y \\ge 2", "[2,5)", "y"),
        ("x < -1 or x > 3", "(-\\infty,-1)\\cup (3,\\infty)", "x"),
        ("x \\in [-2,7]", "[-2,7]", "x"),
        ("x \\ne 3", "(-\\infty,3)\\cup (3,\\infty)", "x"),
    ],
)
def test_regions(text: str, interval: str, variable: str) -> None:
    region = read_region(text)
    assert region is not None
    assert (region.text, region.variable) == (interval, variable)


@pytest.mark.parametrize("text", ["5", "x = 5", "x+y < 5", "x < 1 or y > 3", "2 < 5", "1 < x > 3", "x <", "(2,5)"])
def test_no_region(text: str) -> None:
    assert read_region(text) is None


def test_other_inequalities_are_turned_the_same_way() -> None:
    assert inequality("x+y > 2z") == ("2z", "<", "x+y")
    assert inequality("x+y \\le 2") == ("x+y", "\\le", "2")
    assert inequality("x = 2") is None


def test_relations_are_seen() -> None:
    assert all(map(has_relation, ("x=5", "x<5", "x \\in S", "x \\equiv 3")))
    assert not any(map(has_relation, ("x", "\\infty", "\\left(", "\\text{in}")))


@pytest.mark.parametrize(
    ("text", "read"),
    [
        ("x \\equiv 10 \\pmod{7}", ("x", 3, 7)),
        ("x\\equiv -4 \\pmod 7", ("x", 3, 7)),
        ("x \\equiv 3 (mod 7)", ("x", 3, 7)),
        ("a+b \\equiv 0 \\bmod 2", ("a+b", 0, 2)),
        ("x = 3", None),
        ("x \\equiv 3 \\pmod 0", None),
        ("x \\equiv y", None),
    ],
)
def test_congruence(text: str, read: tuple[str, int, int] | None) -> None:
    assert congruence(text) == read
