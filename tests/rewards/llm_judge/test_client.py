"""Many questions to a real server that is slow, busy, broken or talks rubbish."""

import asyncio
import logging
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from rewards.llm_judge.judge_server import Answer, Request, completion, serving
from whet.errors import UserError
from whet.rewards.calls import RewardError
from whet.rewards.llm_judge.client import MAX_MESSAGE, JudgeClient
from whet.rewards.llm_judge.llm_judge import JudgeParams
from whet.rewards.llm_judge.replies import ReplyCache

KEY = "sk-very-secret"


@pytest.fixture(autouse=True)
def _retry_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("openai._base_client.INITIAL_RETRY_DELAY", 0.001)


def client(address: str, cache: ReplyCache | None = None, key: str | None = KEY, **changes: Any) -> JudgeClient:
    given = {"model": "m", "timeout": 5.0, "retries": 3, "parallel": 4, "max_requests": 1000, "max_tokens": 1_000_000}
    options = {"max_tokens": 100}
    return JudgeClient(JudgeParams(**{**given, "endpoint": address, "options": options, **changes}), key, cache)


def ask(judge: JudgeClient, *questions: str) -> list[Any]:
    """What each is answered; replies with `rubbish` in them are of no use."""
    turns = [[{"role": "user", "content": question}] for question in questions]
    return asyncio.run(judge(turns, lambda reply: "rubbish" not in reply))


def echo(number: int, request: Request) -> Answer:
    return completion(f"re {request.asked}")


def first(times: int, answer: Answer) -> Callable[[int, Request], Answer]:
    """Answers so the first few times, and then as it should."""
    return lambda number, request: answer if number < times else echo(number, request)


def why(answer: Any) -> str:
    assert isinstance(answer, RewardError)
    return str(answer)


def test_answers_come_in_order_and_equal_questions_are_asked_once() -> None:
    slow_a = lambda _, request: Answer(completion(f"re {request.asked}").body, delay=0.1 * (request.asked == "a"))  # noqa: E731
    with serving(slow_a) as server:
        assert ask(client(server.address), "a", "b", "a", "c") == ["re a", "re b", "re a", "re c"]
    assert sorted(request.asked for request in server.requests) == ["a", "b", "c"]


def test_nothing_to_ask() -> None:
    with serving(echo) as server:
        assert ask(client(server.address)) == []
    assert server.requests == []


@pytest.mark.parametrize("parallel", [1, 3])
def test_no_more_requests_at_a_time_than_allowed_and_no_fewer(parallel: int) -> None:
    questions = [str(number) for number in range(9)]
    together = threading.Barrier(parallel)

    def script(number: int, request: Request) -> Answer:
        together.wait(timeout=30)
        return echo(number, request)

    with serving(script) as server:
        assert len(ask(client(server.address, timeout=60.0, parallel=parallel), *questions)) == 9
    assert server.most_inside == parallel


def test_a_busy_endpoint_is_waited_for_as_long_as_it_asks() -> None:
    with serving(first(1, Answer({}, 429, {"Retry-After": "1"}))) as server:
        assert ask(client(server.address), "a") == ["re a"]
    one, other = server.requests
    assert other.at - one.at > 0.95


@pytest.mark.parametrize("status", [408, 409, 429, 500, 502])
def test_it_is_asked_again(status: int) -> None:
    with serving(first(3, Answer(b"", status))) as server:
        assert ask(client(server.address), "a") == ["re a"]
    assert len(server.requests) == 4


def test_a_slow_reply_is_asked_for_again() -> None:
    with serving(first(1, Answer({}, delay=0.5))) as server:
        assert ask(client(server.address, timeout=0.2), "a") == ["re a"]
    assert len(server.requests) >= 2


def test_in_the_end_there_is_no_verdict_and_it_says_why() -> None:
    broken = lambda number, request: Answer(b"", 500) if request.asked == "a" else echo(number, request)  # noqa: E731
    with serving(broken) as server:
        lost, found = ask(client(server.address), "a", "b")
    assert why(lost) == "gave no verdict: status 500:"
    assert found == "re b"
    assert len(server.requests) == 5


def test_an_endpoint_that_wants_more_patience_than_there_is() -> None:
    with serving(lambda *_: Answer({}, 429, {"Retry-After": "3600"})) as server:
        (lost,) = ask(client(server.address), "a")
    assert "status 429" in why(lost)
    assert len(server.requests) == 1


def test_what_no_repetition_fixes_is_not_repeated() -> None:
    with serving(lambda *_: Answer({"error": {"message": "too long"}}, 400)) as server:
        (lost,) = ask(client(server.address), "a")
    assert why(lost) == "gave no verdict: status 400: too long"
    assert len(server.requests) == 1


@pytest.mark.parametrize("text", ["rubbish", "more\nrubbish " + "x" * 500])
def test_a_reply_of_no_use_is_a_failure_and_not_kept(text: str, tmp_path: Path) -> None:
    with serving(first(1, completion(text))) as server:
        judge = client(server.address, cache=ReplyCache(tmp_path / "c"))
        (lost,) = ask(judge, "a")
        assert why(lost).startswith("gave no verdict: its reply has no score: '")
        assert "\n" not in why(lost)
        assert len(why(lost)) < 200
        assert ask(judge, "a") == ["re a"]


def test_a_kept_reply_makes_no_request_in_another_run_either(tmp_path: Path) -> None:
    with serving(echo) as server:
        judges = [client(server.address, ReplyCache(tmp_path / "c")) for _ in range(3)]
        for judge in judges:
            assert ask(judge, "a", "b") == ["re a", "re b"]
    assert len(server.requests) == 2
    assert [judge.budget.requests for judge in judges] == [2, 0, 0]


def test_another_model_is_asked_anew(tmp_path: Path) -> None:
    with serving(echo) as server:
        for model in ("m", "n", "m"):
            ask(client(server.address, model=model, cache=ReplyCache(tmp_path / "c")), "a")
    assert [request.body["model"] for request in server.requests] == ["m", "n"]


def test_the_key_is_not_on_the_disk(tmp_path: Path) -> None:
    with serving(echo) as server:
        ask(client(server.address, cache=ReplyCache(tmp_path / "c")), "a")
    assert server.requests[0].headers["Authorization"] == f"Bearer {KEY}"
    kept = [path.read_bytes() for path in tmp_path.iterdir()]
    assert b"re a" in kept[0]
    assert not any(KEY.encode() in some for some in kept)


def test_a_cache_that_fails_costs_money_but_no_verdict(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    cache = ReplyCache(tmp_path / "c")
    (tmp_path / "c").write_bytes(b"no database " * 500)
    with serving(echo) as server, caplog.at_level(logging.WARNING, "whet"):
        judge = client(server.address, cache=cache)
        assert ask(judge, "a", "b") == ["re a", "re b"]
        assert ask(judge, "a") == ["re a"]
    assert len(caplog.records) == 1


def test_the_cap_on_requests_is_told_once_and_leaves_steps_whole(caplog: pytest.LogCaptureFixture) -> None:
    with serving(echo) as server, caplog.at_level(logging.WARNING, "whet"):
        judge = client(server.address, max_requests=3)
        assert ask(judge, "a", "b") == ["re a", "re b"]
        assert ask(judge, "c", "d") == [None, None]
        assert ask(judge, "e") == ["re e"]
        assert ask(judge, "f") == [None]
    assert len(server.requests) == 3
    (record,) = caplog.records
    said = "judge: its spending cap is reached: 2 of 3 requests and 60 of 1,000,000 tokens are spent and 2 more "
    assert record.getMessage().startswith(said)


def test_repeated_requests_count(caplog: pytest.LogCaptureFixture) -> None:
    with serving(lambda *_: Answer(b"", 500)) as server, caplog.at_level(logging.WARNING, "whet"):
        assert ask(client(server.address, max_requests=2), "a") == [None]
    assert len(server.requests) == 2
    assert len(caplog.records) == 1


def test_the_cap_on_tokens_is_never_passed(caplog: pytest.LogCaptureFixture) -> None:
    """A question sets aside its bytes and the longest reply: about 170 here, of which 30 turn out to be used."""
    with serving(echo) as server, caplog.at_level(logging.WARNING, "whet"):
        judge = client(server.address, max_tokens=400, parallel=1)
        answers = ask(judge, *"abcdefghijklmnop")
    asked = [answer for answer in answers if answer is not None]
    assert 5 <= len(asked) == len(server.requests) < 16
    assert judge.budget.tokens == 30 * len(asked) <= 400
    assert len(caplog.records) == 1


@pytest.mark.parametrize("tokens", [None, -9000, "many"])
@pytest.mark.parametrize("options", [{"max_tokens": 50}, {"max_tokens": None, "max_completion_tokens": 50}])
def test_without_a_count_of_tokens_the_worst_case_counts_bytes_and_the_longest_reply(
    options: dict[str, Any], tokens: Any
) -> None:
    with serving(lambda *_: completion("yes", tokens)) as server:
        judge = client(server.address, options=options)
        ask(judge, "é" * 100)
    assert 250 < judge.budget.tokens < 350


def test_a_request_that_may_have_been_generated_counts_in_full_and_a_refused_one_not() -> None:
    spent = []
    for script in (lambda *_: Answer({}, delay=0.5), lambda *_: Answer(b"", 500)):
        with serving(script) as server:
            judge = client(server.address, timeout=0.2, retries=0)
            ask(judge, "a")
        assert judge.budget.requests == 1
        spent.append(judge.budget.tokens)
    assert 100 < spent[0] < 300
    assert spent[1] == 0


@pytest.mark.parametrize("ending", ["", "/", "/chat/completions", "?api-version=1"])
def test_a_request_carries_model_messages_and_key(ending: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "sk-another")
    monkeypatch.setenv("OPENAI_BASE_URL", "http://127.0.0.1:1/elsewhere")
    with serving(echo) as server:
        assert ask(client(server.address + ending), "1 + 1?") == ["re 1 + 1?"]
    (request,) = server.requests
    assert request.path.partition("?")[0] == "/v1/chat/completions"
    assert request.path.endswith("?api-version=1") is ("?" in ending)
    turns = [{"role": "user", "content": "1 + 1?"}]
    assert request.body == {"model": "m", "temperature": 0, "max_tokens": 100, "messages": turns}
    assert request.headers["Authorization"] == f"Bearer {KEY}"


def test_without_a_key_none_is_sent(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "sk-another")
    monkeypatch.setenv("OPENAI_ADMIN_KEY", "sk-admin")
    monkeypatch.setenv("OPENAI_CUSTOM_HEADERS", "Authorization: Bearer sk-custom")
    with serving(echo) as server:
        assert ask(client(server.address, key=None), "a") == ["re a"]
    assert "Authorization" not in server.requests[0].headers


def test_a_proxy_of_the_environment_is_used(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("no_proxy", "NO_PROXY", "http_proxy"):
        monkeypatch.delenv(name, raising=False)
    with serving(echo) as server:
        monkeypatch.setenv("HTTP_PROXY", server.address.removesuffix("/v1"))
        assert ask(client("http://judge.invalid/v1"), "a") == ["re a"]
    assert server.requests[0].path == "http://judge.invalid/v1/chat/completions"


def test_a_redirect_is_not_followed() -> None:
    """It would carry the key to wherever it points."""
    with serving(echo) as other, serving(lambda *_: Answer({}, 307, {"Location": other.address})) as server:
        assert "status 307" in why(*ask(client(server.address), "a"))
    assert other.requests == []


def test_a_slow_reply_is_given_up() -> None:
    """Also one that goes on for ever, a little at a time."""
    with serving(lambda *_: Answer(b"  " * 50, every=0.05)) as server:
        assert why(*ask(client(server.address, timeout=0.2, retries=0), "a")) == "gave no verdict: no reply in 0.2 s"


def test_nobody_there() -> None:
    with serving(echo) as server:
        pass
    assert "connect" in why(*ask(client(server.address), "a"))


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
def test_what_is_no_completion_is_a_failure(body: Any) -> None:
    with serving(lambda *_: Answer(body)) as server:
        assert why(*ask(client(server.address), "a")).startswith("gave no verdict: its reply is no chat completion")
    assert len(server.requests) == 1


def test_the_key_is_never_repeated() -> None:
    with serving(lambda *_: Answer({"error": {"message": f"wrong\nkey {KEY}!"}}, 400)) as server:
        judge = client(server.address)
        assert why(*ask(judge, "a")) == "gave no verdict: status 400: wrong key ***!"
    assert KEY not in repr(judge)


def test_complaints_are_short() -> None:
    with serving(lambda *_: Answer(b"x" * 5000, 400)) as server:
        assert len(why(*ask(client(server.address), "a"))) <= MAX_MESSAGE + 20


def test_broken_characters_do_not_break_the_request() -> None:
    with serving(echo) as server:
        assert ask(client(server.address), "a\ud800é") == ["re a?é"]


@pytest.mark.parametrize("status", [401, 403, 404, 405])
def test_a_wrong_address_or_key_ends_the_run_before_it_starts(status: int) -> None:
    with serving(lambda *_: Answer({"error": {"message": "no"}}, status)) as server:
        judge = client(server.address)
        refusal = rf"endpoint of 'judge': {server.address} refuses \(status {status}: no\); check"
        with pytest.raises(UserError, match=refusal):
            ask(judge, "a", "b")


def test_a_key_that_expires_on_the_way_does_not() -> None:
    script = lambda number, request: Answer({}, 401) if number else echo(number, request)  # noqa: E731
    with serving(script) as server:
        judge = client(server.address)
        assert ask(judge, "a") == ["re a"]
        (lost,) = ask(judge, "b")
    assert "status 401" in why(lost)
