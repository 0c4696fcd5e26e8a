"""The token, its cookie, and the names that the server answers to."""

import pytest

from whet.dashboard.access import VARIABLE, Access, checked_token, is_any, is_loopback
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


@pytest.mark.parametrize("host", ["127.0.0.1:9000", "localhost:9000", "[::1]:9000"])
def test_loopback_names_with_the_right_port_are_answered(host: str) -> None:
    assert Access(port=9000).answers_to(host)


@pytest.mark.parametrize(
    "host",
    [
        *("evil.example:9000", "127.0.0.1", "127.0.0.1:9001", "localhost", "", ":9000", "127.0.0.1:9000:9000"),
        *(
            "127.0.0.1.evil.example:9000",
            "localhost.evil:9000",
            "192.168.1.5:9000",
            "[::1]",
            "0.0.0.0:9000",
            "a@localhost:9000",
        ),
    ],
)
def test_other_names_are_not(host: str) -> None:
    assert not Access(port=9000).answers_to(host)


def test_a_server_on_all_addresses_answers_to_numbers_alone() -> None:
    access = Access("0.0.0.0", 9000)
    assert access.answers_to("192.168.1.5:9000")
    assert not access.answers_to("rebound.example:9000")
    assert Access("192.168.1.5", 9000).answers_to("192.168.1.5:9000")
    assert not Access("192.168.1.5", 9000).answers_to("192.168.1.6:9000")


def test_an_address_that_others_reach_needs_a_token_of_one_s_own() -> None:
    assert len(checked_token("127.0.0.1", None)) >= 32
    assert checked_token("0.0.0.0", "my-own-long-secret") == "my-own-long-secret"
    with pytest.raises(UserError, match=f"--host: others can reach 0.0.0.0; set {VARIABLE}"):
        checked_token("0.0.0.0", None)
    with pytest.raises(UserError, match="has 5 characters; use at least 16"):
        checked_token("127.0.0.1", "short")


def test_loopback_is_told_from_the_rest() -> None:
    assert all(map(is_loopback, ("127.0.0.1", "127.1.2.3", "localhost", "::1")))
    assert not any(map(is_loopback, ("0.0.0.0", "10.0.0.1", "example.org", "")))
    assert is_any("::")
    assert not is_any("127.0.0.1")
