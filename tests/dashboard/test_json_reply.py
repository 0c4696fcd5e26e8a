"""Answers in JSON, and errors in one line."""

import json
import math

import pytest

from whet.dashboard.json_reply import as_error, as_json, encoded
from whet.dashboard.rows.missing import MissingError
from whet.errors import UserError


def test_json_is_strict_and_compact() -> None:
    value = {"a": [1.5, math.nan, {"b": -math.inf}], "c": (None, True), "π": "é"}
    assert encoded(value) == '{"a":[1.5,null,{"b":null}],"c":[null,true],"π":"é"}'.encode()


def test_lone_surrogates_do_not_break_it() -> None:
    assert json.loads(encoded({"a": "x\ud800y"})) == {"a": "x?y"}


@pytest.mark.parametrize(
    ("error", "status", "body"),
    [
        (MissingError("step: gone", nearest=3), 404, {"error": "step: gone", "nearest": 3}),
        (UserError("sort: is 'x'"), 400, {"error": "sort: is 'x'"}),
        (ValueError("a secret"), 500, {"error": "a fault of Whet (ValueError); the terminal of `whet ui` says more"}),
    ],
)
def test_each_error_has_its_status(error: Exception, status: int, body: dict[str, object]) -> None:
    found = as_error(error)
    assert (found.status_code, json.loads(found.body)) == (status, body)


def test_secrets_are_redacted_in_errors() -> None:
    found = as_error(UserError("url: https://me:hunter22@example.org is no file"))
    assert b"hunter22" not in found.body


def test_an_answer_is_json() -> None:
    assert as_json({}, 201).headers["content-type"] == "application/json"
