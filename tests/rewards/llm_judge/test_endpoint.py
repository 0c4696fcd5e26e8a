"""One request to a real server, and what may come of it."""

import asyncio
import time
from typing import Any

import pytest

from rewards.llm_judge.judge_server import Answer, Request, completion, serving
from whet.rewards.llm_judge.endpoint import (
    BusyError,
    Endpoint,
    NoReplyError,
    RefusedError,
    Reply,
    retry_after,
    worst_case,
)

KEY = "sk-very-secret"
TURNS = [{"role": "user", "content": "1 + 1?"}]


def post(address: str, timeout: float = 5.0, key: str | None = KEY) -> Reply:
    endpoint = Endpoint(address, {"model": "m", "temperature": 0}, key, timeout)

    async def once() -> Reply:
        async with endpoint.client(1) as client:
            return await endpoint.post(client, TURNS)

    return asyncio.run(once())


def refused(answer: Answer, timeout: float = 5.0) -> NoReplyError:
    with serving(lambda *_: answer) as server, pytest.raises(NoReplyError) as caught:
        post(server.address, timeout)
    return caught.value


@pytest.mark.parametrize("ending", ["", "/", "/chat/completions", "?api-version=1"])
def test_a_request_carries_model_messages_and_key(ending: str) -> None:
    with serving(lambda *_: completion("2", 41)) as server:
        assert post(server.address + ending) == Reply("2", 41)
    (request,) = server.requests
    assert request.path.partition("?")[0] == "/v1/chat/completions"
    assert request.path.endswith("?api-version=1") is ("?" in ending)
    assert request.body == {"model": "m", "temperature": 0, "messages": TURNS}
    assert request.headers["Authorization"] == f"Bearer {KEY}"


def test_without_a_key_none_is_sent() -> None:
    with serving(lambda *_: completion("2", None)) as server:
        assert post(server.address, key=None) == Reply("2", None)
    assert "Authorization" not in server.requests[0].headers


@pytest.mark.parametrize(
    ("status", "kind"),
    [(429, BusyError), (500, BusyError), (503, BusyError), (408, BusyError), (400, RefusedError), (401, RefusedError)],
)
def test_a_status_says_whether_to_ask_again(status: int, kind: type[NoReplyError]) -> None:
    error = refused(Answer({"error": {"message": "not\nnow"}}, status))
    assert type(error) is kind
    assert (str(error), error.status) == (f"status {status}: not now", status)


def test_a_redirect_is_not_followed() -> None:
    """It would carry the key to wherever it points."""
    assert refused(Answer({}, 307, {"Location": "http://127.0.0.1:1/"})).status == 307


def test_how_long_to_wait_is_heard() -> None:
    error = refused(Answer({}, 429, {"Retry-After": "7"}))
    assert isinstance(error, BusyError)
    assert error.wait == 7.0


@pytest.mark.parametrize(
    ("header", "seconds"),
    [
        (None, None),
        ("0", 0.0),
        ("1.5", 1.5),
        ("-3", 0.0),
        ("nan", None),
        ("soon", None),
        ("", None),
        ("Wed, 21 Oct 2015 07:28:00 GMT", 30.0),  # 1445412480 by `date -d … +%s`
    ],
)
def test_retry_after(header: str | None, seconds: float | None) -> None:
    assert retry_after(header, 1445412450.0) == seconds


def test_a_slow_reply_is_given_up() -> None:
    began = time.monotonic()
    error = refused(Answer({}, delay=1.0), timeout=0.1)
    assert type(error) is BusyError
    assert (str(error), error.status) == ("no reply in 0.1 s", None)
    assert time.monotonic() - began < 3


def test_nobody_there() -> None:
    with serving(lambda *_: completion("2")) as server:
        pass
    with pytest.raises(BusyError, match="ConnectError"):
        post(server.address)


@pytest.mark.parametrize(
    "body",
    [
        b"<html>oops</html>",
        b"",
        b"\xff\xfe",
        b"[]",
        b"null",
        {"choices": []},
        {"choices": [{"message": {"content": None}}]},
        {"choices": [{"message": {"content": [{"type": "text"}]}}]},
        {"choices": "x"},
    ],
)
def test_what_is_no_completion_is_refused(body: Any) -> None:
    error = refused(Answer(body))
    assert type(error) is RefusedError
    assert str(error).startswith("its reply")


def test_the_key_is_never_repeated() -> None:
    error = refused(Answer({"error": {"message": f"wrong key {KEY}!"}}, 401))
    assert str(error) == "status 401: wrong key ***!"
    assert KEY not in repr(Endpoint("http://x", {}, KEY))


def test_complaints_are_short() -> None:
    assert len(str(refused(Answer(b"x" * 5000, 400)))) <= 160


def test_broken_characters_do_not_break_the_request() -> None:
    got: list[str] = []

    def script(number: int, request: Request) -> Answer:
        got.append(request.asked)
        return completion("2")

    with serving(script) as server:
        endpoint = Endpoint(server.address, {"model": "m"})

        async def once() -> Reply:
            async with endpoint.client(1) as client:
                return await endpoint.post(client, [{"role": "user", "content": "a\ud800é"}])

        assert asyncio.run(once()).text == "2"
    assert got == ["a?é"]


def test_the_worst_case_counts_bytes_and_the_longest_reply() -> None:
    body = {"max_completion_tokens": 50, "messages": [{"role": "user", "content": "é" * 100}]}
    assert 250 < worst_case(body) < 350
