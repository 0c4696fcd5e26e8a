"""Tuples, intervals, sets, lists and matrices."""

import pytest

from whet.rewards.values.collection import Collection, as_tuple, read_collection, read_matrix


@pytest.mark.parametrize(
    ("text", "kind", "items"),
    [
        ("(3, 4]", "(]", ("3", "4")),
        ("[3, 4)", "[)", ("3", "4")),
        ("(6,31,-1)", "()", ("6", "31", "-1")),
        ("\\{1, 2\\}", "{}", ("1", "2")),
        ("\\{5\\}", "{}", ("5",)),
        ("{1, 2}", "{}", ("1", "2")),
        ("1, 2 and 3", "{}", ("1", "2", "3")),
        ("1 \\text{ or } 2", "{}", ("1", "2")),
        ("1,080 and 2,000", "{}", ("1080", "2000")),
        ("1 \\pm \\sqrt{2}", "{}", ("1 + \\sqrt{2}", "1 - \\sqrt{2}")),
        ("(1,2), (3,4)", "{}", ("(1,2)", "(3,4)")),
        ("(0,9) \\cup (9,36)", "cup", ("(0,9)", "(9,36)")),
        ("\\langle 1, 2\\rangle", "()", ("1", "2")),
        ("(\\frac{1}{2}, f(1, 2))", "()", ("\\frac{1}{2}", "f(1, 2)")),
    ],
)
def test_collections(text: str, kind: str, items: tuple[str, ...]) -> None:
    assert read_collection(text) == Collection(kind, (items,))


@pytest.mark.parametrize("text", ["x", "(5)", "(a+5)(b+2)", "", "1,,2", "f(x)", "\\frac{1}{2}"])
def test_no_collection(text: str) -> None:
    assert read_collection(text) is None


def test_matrices() -> None:
    matrix = read_matrix("\\begin{pmatrix} 1 & 2 \\\\ 3 & 4 \\end{pmatrix}")
    assert matrix == Collection("matrix", (("1", "2"), ("3", "4")))
    assert matrix == read_matrix("\\begin{bmatrix}1&2\\\\3&4\\end{bmatrix}")
    assert matrix == read_matrix("[\\begin{array}{cc}1&2\\\\3&4\\end{array}]")
    assert read_matrix("\\begin{vmatrix}1&2\\\\3&4\\end{vmatrix}") == Collection("|", (("1", "2"), ("3", "4")))
    assert read_matrix("2\\begin{pmatrix}1\\end{pmatrix}") is None


def test_order_counts_in_tuples_only() -> None:
    def same(one: str, other: str) -> bool:
        return one == other

    def equal(one: str, other: str) -> bool:
        found, expected = read_collection(one), read_collection(other)
        assert found is not None
        assert expected is not None
        return found.equals(expected, same)

    assert equal("1, 2", "\\{2, 1\\}")
    assert not equal("(1, 2)", "(2, 1)")
    assert not equal("1, 2, 2", "1, 1, 2")
    assert not equal("1, 2", "1, 2, 3")
    assert not equal("[1, 2]", "(1, 2)")
    assert equal("(1,2) \\cup (3,4)", "(3,4)\\cup(1,2)")


@pytest.mark.parametrize(
    ("text", "kind"), [("]2, 5[", "()"), ("[2, 5[", "[)"), ("]2, 5]", "(]"), ("(2, 5)", "()"), ("[2, 5]", "[]")]
)
def test_brackets_turned_round(text: str, kind: str) -> None:
    found = read_collection(text)
    assert found is not None
    assert (found.kind, found.rows) == (kind, (("2", "5"),))


def test_a_matrix_as_nested_lists() -> None:
    found = read_matrix("[[1, 2], [3, 4]]")
    assert found is not None
    assert (found.kind, found.rows) == ("matrix", (("1", "2"), ("3", "4")))


@pytest.mark.parametrize(
    ("text", "kind"), [("x = 1, y = 2", "()"), ("b = 1, a = 2", "()"), ("t = 1, a = 2", "{}"), ("x = 1, x = 2", "{}")]
)
def test_named_values_are_a_tuple_in_the_order_of_their_names(text: str, kind: str) -> None:
    found = read_collection(text)
    assert found is not None
    assert as_tuple(found).kind == kind


def test_neighbours_in_the_alphabet_may_be_named_in_any_order() -> None:
    found = read_collection("q = 5, r = 7, p = 1")
    assert found is not None
    assert as_tuple(found).rows == (("1", "5", "7"),)
