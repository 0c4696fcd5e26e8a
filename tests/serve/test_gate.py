"""Who is let in."""

import pytest
from starlette.datastructures import Headers

from whet.errors import UserError
from whet.serve.gate import Gate, checked_key

JSON = {"content-type": "application/json"}


def refused(gate: Gate, method: str = "POST", path: str = "/v1/completions", **headers: str) -> int | None:
    given = {"host": "localhost:8000", **JSON, **{name.replace("_", "-"): value for name, value in headers.items()}}
    found = gate.refusal(method, path, Headers(given))
    return found[0] if found else None


def test_names_of_this_machine_are_answered_to_and_others_are_not() -> None:
    assert refused(Gate(), host="localhost:8000") is None
    assert refused(Gate(), host="192.168.0.7") == 421
    assert refused(Gate(), "GET", "/health", host="evil.example") == 421
    assert refused(Gate(host="192.168.0.7"), host="192.168.0.7:8000") is None


def test_pages_of_other_sites_are_refused() -> None:
    assert refused(Gate(), sec_fetch_site="cross-site") == 403
    assert refused(Gate(), sec_fetch_site="same-origin") is None
    assert refused(Gate(), content_type="text/plain") == 415  # what a form of any site may send
    assert refused(Gate(), content_type="application/json; charset=utf-8") is None


def test_with_a_key_the_key_decides() -> None:
    gate = Gate("open-sesame")
    assert refused(gate, host="my-server:8000", authorization="Bearer open-sesame") is None
    assert refused(gate, host="my-server:8000", authorization="bearer open-sesame") is None
    for wrong in ("", "open-sesame", "Bearer open", "Basic open-sesame", "Bearer \u20ac".encode().decode("latin-1")):
        assert refused(gate, authorization=wrong) == 401
    assert refused(gate, "GET", "/health", host="my-server") is None
    assert "open-sesame" not in repr(gate)


def test_a_server_for_others_needs_a_key() -> None:
    assert checked_key("127.0.0.1", None) is None
    assert checked_key("0.0.0.0", "long enough") == "long enough"
    with pytest.raises(UserError, match=r"--host: others can reach 0\.0\.0\.0; set --api-key"):
        checked_key("0.0.0.0", None)
    with pytest.raises(UserError, match="--api-key: has 3 characters"):
        checked_key("127.0.0.1", "abc")
