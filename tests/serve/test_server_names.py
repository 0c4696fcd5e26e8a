"""Which `Host` headers are answered to."""

import pytest

from whet.serve.server_names import answers_to, is_any, is_loopback, origin


@pytest.mark.parametrize("header", ["127.0.0.1:9000", "localhost:9000", "LOCALHOST:9000", "[::1]:9000"])
def test_loopback_names_are_answered_to(header: str) -> None:
    assert answers_to(header, "127.0.0.1")
    assert answers_to(header, "0.0.0.0", 9000)
    assert not answers_to(header, "127.0.0.1", 9001)


def test_a_header_without_a_port_names_port_80() -> None:
    assert answers_to("localhost", "127.0.0.1")
    assert answers_to("[::1]", "127.0.0.1", 80)
    assert not answers_to("localhost", "127.0.0.1", 9000)


@pytest.mark.parametrize(
    "header",
    [
        *(
            "evil.example:9000",
            "",
            ":9000",
            "127.0.0.1:9000:9000",
            "127.0.0.1.evil.example:9000",
            "localhost.evil:9000",
        ),
        *(
            "localhost.evil:9000",
            "192.168.1.5:9000",
            "0.0.0.0:9000",
            "a@localhost:9000",
            "127.0.0.1:9000@evil",
            "[::1",
            "::1",
            "localhost:x",
        ),
        *("localhost :9000", "localhost:9000\n", "localhost:90000000000"),
    ],
)
def test_other_names_are_not(header: str) -> None:
    assert not answers_to(header, "127.0.0.1")


def test_a_server_on_all_addresses_answers_to_numbers_alone() -> None:
    assert answers_to("192.168.1.5:9000", "0.0.0.0")
    assert answers_to("[2001:db8::1]:9000", "::")
    assert not answers_to("rebound.example:9000", "0.0.0.0")


def test_a_server_answers_to_the_address_it_listens_on() -> None:
    assert answers_to("192.168.1.5", "192.168.1.5")
    assert answers_to("my-server:80", "My-Server")
    assert not answers_to("192.168.1.6", "192.168.1.5")


def test_loopback_is_told_from_the_rest() -> None:
    assert all(map(is_loopback, ("127.0.0.1", "127.1.2.3", "localhost", "::1")))
    assert not any(map(is_loopback, ("0.0.0.0", "10.0.0.1", "example.org", "")))
    assert is_any("::")
    assert not is_any("127.0.0.1")


def test_the_address_to_call_from_this_machine() -> None:
    assert origin("192.168.1.5", 9000) == "http://192.168.1.5:9000"
    assert origin("::", 9000) == "http://[::1]:9000"
