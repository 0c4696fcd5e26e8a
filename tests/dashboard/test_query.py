"""Parameters of a request."""

from collections.abc import Callable
from typing import Any

import pytest

from whet.dashboard.query import LONGEST, Query
from whet.errors import UserError


def test_parameters_are_read_with_their_defaults() -> None:
    query = Query({"a": "x", "n": "7", "names": "b,,c", "f": "0.5", "on": "1", "empty": ""})
    assert (query.text("a"), query.text("b", "y"), query.some("empty"), query.some("a")) == ("x", "y", None, "x")
    assert (query.names("names"), query.names("b")) == (["b", "c"], [])
    assert (query.number("n", 1), query.number("m", 1), query.maybe("m"), query.needed("n")) == (7, 1, None, 7)
    assert (query.real("f"), query.real("g")) == (0.5, None)
    assert (query.flag("on"), query.flag("off"), query.flag("off", True)) == (True, False, True)
    assert query.required("a") == "x"


@pytest.mark.parametrize("text", ["x", "1.5", "-1", "1e3", "9" * 400, "٣", "0x10", "1 2", str(2**31 + 1), "NaN"])
def test_what_is_no_whole_number_is_refused_by_name(text: str) -> None:
    with pytest.raises(UserError, match=r"^n: is .*; it must be a whole number from 0 to 2147483648$"):
        Query({"n": text}).number("n", 1)


@pytest.mark.parametrize(
    ("read", "words"),
    [
        (lambda q: q.real("x"), "x: is 'abc'; it must be a number"),
        (lambda q: q.flag("x"), "x: is 'abc'; it must be a whole number from 0 to 1"),
        (lambda q: q.required("y"), "y: is missing"),
        (lambda q: q.needed("y"), "y: is missing"),
        (lambda q: q.text("long"), f"long: has {LONGEST + 1} characters"),
    ],
)
def test_errors_name_parameter_value_and_what_it_must_be(read: Callable[[Query], Any], words: str) -> None:
    with pytest.raises(UserError, match=words):
        read(Query({"x": "abc", "long": "a" * (LONGEST + 1)}))
