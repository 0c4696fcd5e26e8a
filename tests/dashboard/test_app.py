"""The application: log in, ask, stream; errors are one line."""

import asyncio
from pathlib import Path
from typing import Any

import pytest

from page_runs import page_run
from served import HOST, TOKEN, Served
from whet.dashboard.rows.overview import overview


@pytest.fixture
def served(tmp_path: Path) -> Served:
    page_run(tmp_path / "runs" / "one")
    (tmp_path / "static" / "vendor").mkdir(parents=True)
    (tmp_path / "static" / "index.html").write_text("<p>page")
    (tmp_path / "static" / "vendor" / "plot.js").write_text("plot()")
    return Served(tmp_path / "runs", tmp_path / "static")


def test_the_page_and_its_files_need_no_token(served: Served) -> None:
    page = served.ask("GET", "/", HOST, query="step=3")
    assert (page.status, page.body) == (200, b"<p>page")
    assert page.headers["content-type"].startswith("text/html")
    script = served.ask("GET", "/static/vendor/plot.js", HOST)
    assert (script.status, script.body, script.headers["content-type"][:15]) == (200, b"plot()", "text/javascript")


def test_the_token_becomes_a_cookie_that_scripts_and_other_sites_cannot_use(served: Served) -> None:
    found = served.ask("POST", "/api/login", {**HOST, "x-whet": "1"}, b'{"token": "%s"}' % TOKEN.encode())
    assert found.status == 204
    cookie, *flags = found.headers["set-cookie"].split("; ")
    assert {flag.lower() for flag in flags} == {"httponly", "path=/", "samesite=strict"}
    assert TOKEN not in cookie
    assert served.ask("GET", "/api/runs", {**HOST, "cookie": cookie}).status == 200


@pytest.mark.parametrize("body", [b'{"token": "wrong"}', b"{}", b'{"token": null}', b'{"token": ["a"]}'])
def test_a_wrong_token_is_refused(served: Served, body: bytes) -> None:
    found = served.ask("POST", "/api/login", {**HOST, "x-whet": "1"}, body)
    assert found.status == 401
    assert "set-cookie" not in found.headers


@pytest.mark.parametrize("body", [b"", b"[]", b"token", b"\xff\xfe", b"[" * 60_000])
def test_a_body_that_is_no_object_is_refused(served: Served, body: bytes) -> None:
    assert served.ask("POST", "/api/login", {**HOST, "x-whet": "1"}, body).status == 400


def test_an_answer_is_what_the_row_function_gives(served: Served) -> None:
    found = served.get("/api/overview", run="one").json
    assert found == overview(served.page.library.open("one"))
    assert found["run"]["accuracy"]["now"]["right"] == 3


def test_what_is_not_there_is_404_and_a_wrong_parameter_400(served: Served) -> None:
    step = served.get("/api/step", run="one", step=7)
    assert (step.status, step.json) == (404, {"error": step.json["error"], "nearest": 3})
    assert served.get("/api/step", run="one", step="x").status == 400
    assert served.get("/api/rollouts", run="one", sort="colour").status == 400
    assert served.get("/api/curves").status == 400
    assert served.get("/api/nothing", run="one").status == 404


def test_a_fault_is_told_without_a_traceback(
    served: Served, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def broken(*_: Any) -> None:
        raise RuntimeError("inside/secret/path")

    monkeypatch.setattr("whet.dashboard.app.answer_of", broken)
    found = served.get("/api/runs")
    assert found.status == 500
    assert b"secret" not in found.body
    assert b"Traceback" not in found.body
    assert "inside/secret/path" in capsys.readouterr().err


def test_a_search_comes_line_by_line(served: Served) -> None:
    found = served.get("/api/search", run="one", q="40 + 2")
    assert found.headers["content-type"].startswith("application/x-ndjson")
    assert [line["hit"]["step"] for line in found.lines if "hit" in line] == [3, 2, 1, 0]
    assert found.lines[-1] == {"done": True, "hits": 4, "full": False}


def test_a_search_ends_when_the_server_stops(served: Served) -> None:
    served.page.stop.set()
    assert served.get("/api/search", run="one", q="40").lines == []


def test_without_the_page_s_files_it_says_so(tmp_path: Path) -> None:
    (tmp_path / "runs").mkdir()
    assert Served(tmp_path / "runs", tmp_path / "none").ask("GET", "/", HOST).status == 503


def test_a_question_that_is_wrong_is_refused_before_any_model_loads(served: Served) -> None:
    for body in ({"run": "one"}, {"run": "one", "question": " "}, {"run": "one", "question": "x", "samples": 99}):
        assert served.post("/api/chat", body).status == 400
    assert served.post("/api/chat", {"run": "two", "question": "x"}).status == 404


def test_one_answer_at_a_time(served: Served) -> None:
    served.page.desk.busy = True
    assert served.post("/api/chat", {"run": "one", "part": "base", "question": "x"}).status == 429


def test_chat_events_are_streamed(served: Served, monkeypatch: pytest.MonkeyPatch) -> None:
    async def ask(question: Any, stop: asyncio.Event) -> Any:
        yield {"type": "chunk", "text": question.question}
        yield {"type": "done"}

    monkeypatch.setattr(served.page.desk, "ask", ask)
    found = served.post("/api/chat", {"run": "one", "part": "base", "question": "2 + 2?"})
    assert found.lines == [{"type": "chunk", "text": "2 + 2?"}, {"type": "done"}]


def test_whether_one_can_chat_is_told(served: Served) -> None:
    found = served.get("/api/chat", run="one").json
    assert found["models"] == [{"part": "base", "title": "untrained"}]
    assert (found["format"], found["max_tokens"], found["busy"], found["warning"]) == ("think_answer", 16, False, None)


BEARER = {"authorization": f"Bearer {TOKEN}"}


def test_the_openai_api_is_at_its_own_paths_with_the_token_as_its_key(served: Served) -> None:
    assert served.ask("GET", "/v1/models", HOST | BEARER).json["data"][0]["id"] == "one:base"
    refused = served.ask("GET", "/v1/models", {**HOST, "cookie": f"whet_9000={served.access.cookie}"})
    assert (refused.status, refused.json["error"]["code"]) == (401, "invalid_api_key")
    wrong = served.ask("POST", "/inference/v1/generate", {**HOST, **BEARER, "content-type": "application/json"}, b"{}")
    assert (wrong.status, "token_ids" in wrong.json["error"]["message"]) == (400, True)
    assert served.ask("GET", "/v1", HOST | BEARER).status == 404  # the page's
    assert served.ask("GET", "/health", HOST | BEARER).status == 404


def test_the_page_tells_how_to_use_a_run_from_a_program(served: Served) -> None:
    found = served.get("/api/use", run="one").json
    assert (found["address"], found["key"], found["models"]) == ("http://127.0.0.1:9000/v1", TOKEN, ["one:base"])
    assert served.ask("GET", "/api/use", HOST, query="run=one").status == 401


def test_the_end_ends_streams_of_the_page_and_of_the_api(served: Served) -> None:
    served.page.end()
    assert served.page.stop.is_set()
    assert served.page.api.stopped.is_set()
