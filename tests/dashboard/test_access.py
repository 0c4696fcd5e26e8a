"""The token and its cookie."""

import pytest

from whet.dashboard.access import VARIABLE, Access, checked_token
from whet.errors import UserError


def test_the_token_opens_and_nothing_else_does() -> None:
    access = Access(port=8642)
    assert access.opens(access.token)
    assert not any(access.opens(one) for one in ("", "x", access.token[:-1], access.token + "x", "\ud800"))
    assert access.knows(access.cookie)
    assert not any(access.knows(one) for one in ("", access.token, access.cookie[:-1]))
    assert access.token not in repr(access)


def test_every_server_has_a_token_of_its_own() -> None:
    assert len({Access().token for _ in range(20)}) == 20
    assert len(Access().token) >= 32


def test_the_link_carries_the_token_in_its_fragment() -> None:
    access = Access("127.0.0.1", 9000, "secret-secret-secret")
    assert access.link == "http://127.0.0.1:9000/#token=secret-secret-secret"
    assert Access("::1", 9000, "t" * 16).link.startswith("http://[::1]:9000/#")
    assert Access("0.0.0.0", 9000, "t" * 16).link.startswith("http://127.0.0.1:9000/#")


def test_it_answers_to_its_names_and_its_port() -> None:
    access = Access("192.168.1.5", 9000)
    assert all(map(access.answers_to, ("192.168.1.5:9000", "localhost:9000")))
    assert not any(map(access.answers_to, ("192.168.1.5:9001", "localhost", "evil.example:9000")))


def test_an_address_that_others_reach_needs_a_token_of_one_s_own() -> None:
    assert len(checked_token("127.0.0.1", None)) >= 32
    assert checked_token("0.0.0.0", "my-own-long-secret") == "my-own-long-secret"
    with pytest.raises(UserError, match=f"--host: others can reach 0.0.0.0; set {VARIABLE}"):
        checked_token("0.0.0.0", None)
    with pytest.raises(UserError, match="has 5 characters; use at least 16"):
        checked_token("127.0.0.1", "short")
