"""Many questions to a real server that is slow, busy, broken or talks rubbish."""

import asyncio
import logging
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from rewards.llm_judge.judge_server import Answer, Request, completion, serving
from whet.errors import UserError
from whet.rewards.calls import RewardError
from whet.rewards.llm_judge.budget import Budget
from whet.rewards.llm_judge.client import JudgeClient, Patience
from whet.rewards.llm_judge.endpoint import BusyError, Endpoint
from whet.rewards.llm_judge.replies import ReplyCache

KEY = "sk-very-secret"
QUICK = Patience(retries=3, seconds=10.0, backoff=0.01)


def client(address: str, **changes: Any) -> JudgeClient:
    settings = {"timeout": 5.0, "model": "m", **changes}
    return JudgeClient(
        Endpoint(address, {"model": settings["model"], "max_tokens": 100}, KEY, settings["timeout"]),
        settings.get("budget") or Budget(1000, 1_000_000),
        settings.get("patience") or QUICK,
        parallel=settings.get("parallel", 4),
        cache=settings.get("cache"),
    )


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
    with serving(lambda *pair: Answer(echo(*pair).body, delay=0.05)) as server:
        assert len(ask(client(server.address, parallel=parallel), *questions)) == 9
    assert server.most_inside == parallel


def test_a_busy_endpoint_is_waited_for_as_long_as_it_asks() -> None:
    with serving(first(1, Answer({}, 429, {"Retry-After": "1"}))) as server:
        assert ask(client(server.address), "a") == ["re a"]
    one, other = server.requests
    assert 0.95 < other.at - one.at < 3


@pytest.mark.parametrize("status", [429, 500, 502])
def test_it_is_asked_again(status: int) -> None:
    with serving(first(3, Answer(b"", status))) as server:
        assert ask(client(server.address), "a") == ["re a"]
    assert len(server.requests) == 4


def test_a_slow_reply_is_asked_for_again() -> None:
    with serving(first(1, Answer({}, delay=0.5))) as server:
        assert ask(client(server.address, timeout=0.2), "a") == ["re a"]
    assert len(server.requests) == 2


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


def test_waits_grow_and_are_bounded() -> None:
    waits = []

    async def no_sleep(seconds: float) -> None:
        waits.append(seconds)

    async def busy() -> None:
        raise BusyError("no")

    retrying = Patience(retries=20, seconds=1e9).retrying()
    retrying.sleep = no_sleep
    with pytest.raises(BusyError):
        asyncio.run(retrying(busy))
    assert len(waits) == 20
    assert all(0 <= wait <= min(30.0, 2.0**n) for n, wait in enumerate(waits))
    assert max(waits) > 4


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
        budgets = [Budget(9, 9999) for _ in range(3)]
        for budget in budgets:
            assert ask(client(server.address, budget=budget, cache=ReplyCache(tmp_path / "c")), "a", "b") == [
                "re a",
                "re b",
            ]
    assert len(server.requests) == 2
    assert [budget.requests for budget in budgets] == [2, 0, 0]


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
        judge = client(server.address, budget=Budget(3, 1_000_000))
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
        assert ask(client(server.address, budget=Budget(2, 1_000_000)), "a") == [None]
    assert len(server.requests) == 2
    assert len(caplog.records) == 1


def test_the_cap_on_tokens_is_never_passed(caplog: pytest.LogCaptureFixture) -> None:
    """A question sets aside its bytes and the longest reply: about 170 here, of which 30 turn out to be used."""
    budget = Budget(1000, 400)
    with serving(echo) as server, caplog.at_level(logging.WARNING, "whet"):
        judge = client(server.address, budget=budget, parallel=1)
        answers = ask(judge, *"abcdefghijklmnop")
    asked = [answer for answer in answers if answer is not None]
    assert 5 <= len(asked) == len(server.requests) < 16
    assert budget.tokens == 30 * len(asked) <= 400
    assert len(caplog.records) == 1


def test_without_a_count_of_tokens_the_worst_case_counts() -> None:
    budget = Budget(10, 1000)
    with serving(lambda *_: completion("yes", None)) as server:
        ask(client(server.address, budget=budget), "a")
    assert 100 < budget.tokens < 300


def test_a_request_that_may_have_been_generated_counts_in_full_and_a_refused_one_not() -> None:
    spent = []
    for script in (lambda *_: Answer({}, delay=0.5), lambda *_: Answer(b"", 500)):
        budget = Budget(10, 1000)
        with serving(script) as server:
            ask(client(server.address, budget=budget, timeout=0.2, patience=Patience(0, 1.0)), "a")
        assert budget.requests == 1
        spent.append(budget.tokens)
    assert 100 < spent[0] < 300
    assert spent[1] == 0


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
