"""R16: one hundred hostile requests get an error and nothing else."""

import asyncio
from itertools import product
from pathlib import Path
from typing import Any

import pytest

from page_runs import page_run
from served import HOST, TOKEN, Served
from whet.dashboard.guard import BODY, CSP, Guard

COOKIE = "whet_9000="


@pytest.fixture
def served(tmp_path: Path) -> Served:
    page_run(tmp_path / "runs" / "one")
    (tmp_path / "static").mkdir()
    (tmp_path / "static" / "index.html").write_text("<p>page")
    (tmp_path / "secret.txt").write_text("top secret")
    return Served(tmp_path / "runs", tmp_path / "static")


FOREIGN_HOSTS = (
    *(
        "evil.example",
        "evil.example:9000",
        "127.0.0.1",
        "127.0.0.1:80",
        "localhost:9001",
        "127.0.0.1:9000.evil.example",
    ),
    *("169.254.169.254:9000", "0.0.0.0:9000", "", "127.0.0.1:9000@evil", "[::1", "LOCALHOST.evil:9000"),
)
FOREIGN_ORIGINS = (
    *("http://evil.example", "https://127.0.0.1:9000", "http://127.0.0.1:9001", "http://localhost:9000", "null"),
    *("file://", "http://127.0.0.1:9000.evil.example", "http://127.0.0.1", "chrome-extension://abc", ""),
)
PATHS = ("/", "/api/runs", "/api/overview")


@pytest.mark.parametrize(("host", "path"), product(FOREIGN_HOSTS, PATHS))
def test_a_foreign_host_is_misdirected(served: Served, host: str, path: str) -> None:
    assert served.get(path, {"host": host}, run="one").status == 421


@pytest.mark.parametrize(("origin", "path"), product(FOREIGN_ORIGINS, PATHS))
def test_a_foreign_origin_is_forbidden(served: Served, origin: str, path: str) -> None:
    found = served.get(path, {"origin": origin}, run="one")
    assert found.status == 403
    assert "access-control-allow-origin" not in found.headers


@pytest.mark.parametrize(("site", "path"), product(["cross-site", "same-site", "weird", ""], PATHS))
def test_another_site_s_page_is_forbidden(served: Served, site: str, path: str) -> None:
    assert served.get(path, {"sec-fetch-site": site}, run="one").status == 403


@pytest.mark.parametrize("method", ["PUT", "DELETE", "PATCH", "OPTIONS", "TRACE", "CONNECT", "PROPFIND"])
def test_other_methods_are_not_allowed(served: Served, method: str) -> None:
    headers = {**HOST, "cookie": f"{COOKIE}{served.access.cookie}", "x-whet": "1"}
    assert served.ask(method, "/api/runs", headers).status == 405


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"cookie": f"{COOKIE}wrong"},
        {"cookie": f"{COOKIE}{TOKEN}"},
        {"cookie": f"whet_9001={'0' * 64}"},
        {"cookie": COOKIE},
        {"cookie": "=;;;=\x7f"},
        {"authorization": "Bearer "},
        {"authorization": "Bearer wrong"},
        {"authorization": f"Basic {TOKEN}"},
        {"authorization": TOKEN},
        {"x-token": TOKEN},
    ],
)
@pytest.mark.parametrize("path", ["/api/runs", "/api/overview", "/api/search", "/api/nothing"])
def test_without_the_token_nothing_is_told(served: Served, headers: dict[str, str], path: str) -> None:
    found = served.ask("GET", path, {**HOST, **headers}, query=f"run=one&token={TOKEN}")
    assert found.status == 401
    assert b"one" not in found.body.replace(b"opened", b"")


def test_the_token_in_a_header_is_enough_for_programs(served: Served) -> None:
    assert served.ask("GET", "/api/runs", {**HOST, "authorization": f"Bearer {TOKEN}"}).status == 200


def test_a_strange_cookie_beside_ours_does_not_hide_it(served: Served) -> None:
    cookie = f'a[b]=x; "=; {COOKIE}{served.access.cookie}; other'
    assert served.ask("GET", "/api/runs", {**HOST, "cookie": cookie}).status == 200


@pytest.mark.parametrize("headers", [{}, {"x-whet": "0"}, {"x-whet": ""}, {"content-type": "text/plain"}])
@pytest.mark.parametrize("path", ["/api/login", "/api/chat", "/"])
def test_a_post_that_a_form_could_send_is_forbidden(served: Served, headers: dict[str, str], path: str) -> None:
    known = {**HOST, "cookie": f"{COOKIE}{served.access.cookie}"}
    assert served.ask("POST", path, {**known, **headers}, b"{}").status == 403


@pytest.mark.parametrize("length", [str(BODY + 1), "9" * 400, "-1", "x", "1e3"])
def test_a_body_that_says_it_is_too_large_is_not_read(served: Served, length: str) -> None:
    assert served.post("/api/login", b"{}", **{"content-length": length}).status == 413


def test_a_body_that_is_too_large_without_saying_so_is_not_kept(served: Served) -> None:
    assert served.post("/api/login", b" " * (BODY + 1)).status == 413
    assert served.post("/api/login", b"{" + b" " * (BODY - 1)).status == 400


@pytest.mark.parametrize(
    "path",
    [
        *("/../secret.txt", "/static/../../secret.txt", "/static/..%2f..%2fsecret.txt", "/static/%2e%2e/secret.txt"),
        *("/static/....//secret.txt", "/static//etc/passwd", "/static/index.html\0.js", "/static/", "/static/."),
        *(
            "/secret.txt",
            "/runs/one/recipe.yaml",
            "/api/../api/runs/..",
            "/api/",
            "/api/overview/",
            "//api/runs",
            "/API/runs",
        ),
    ],
)
def test_paths_that_lead_elsewhere_lead_nowhere(served: Served, path: str) -> None:
    found = served.get(path, run="one")
    assert found.status == 404
    assert b"secret" not in found.body
    assert b"root:" not in found.body


@pytest.mark.parametrize(
    "name",
    [
        *("", "..", "../one", "one/..", "one/", "/one", "./one", "%2e%2e", "one\0", "ONE", "one/rollouts", "*", "o?e"),
        *("\\one", "~", "$HOME", "one;ls", "a" * 1999, "a" * 5000, "\u202eone", "file:///etc/passwd"),
    ],
)
def test_a_name_that_no_listing_has_opens_nothing(served: Served, name: str) -> None:
    found = served.get("/api/overview", run=name)
    assert found.status in (400, 404)
    assert set(found.json) == {"error"}


def test_two_hosts_are_one_too_many(served: Served) -> None:
    pairs = [*HOST.items(), ("host", "127.0.0.1:9000"), ("cookie", f"{COOKIE}{served.access.cookie}")]
    assert served.ask("GET", "/api/runs", pairs).status == 421


def test_every_answer_carries_the_headers(served: Served) -> None:
    for found in (served.get("/"), served.get("/api/runs"), served.get("/nothing"), served.get("/", {"host": "evil"})):
        assert found.headers["content-security-policy"] == CSP
        assert found.headers["x-content-type-options"] == "nosniff"
        assert found.headers["referrer-policy"] == "no-referrer"
        assert found.headers["cross-origin-opener-policy"] == "same-origin"
        assert found.headers["cross-origin-resource-policy"] == "same-origin"
        assert found.headers["cache-control"] == "no-store"
        assert "server" not in found.headers
    assert "unsafe" not in CSP
    assert "require-trusted-types-for 'script'" in CSP


def test_a_slow_body_is_given_up(monkeypatch: pytest.MonkeyPatch, served: Served) -> None:
    monkeypatch.setattr("whet.dashboard.guard.PATIENCE", 0.01)
    sent: list[Any] = []

    async def receive() -> Any:
        await asyncio.sleep(60)

    async def send(message: Any) -> None:
        sent.append(message)

    async def app(*_: Any) -> None:
        raise AssertionError("reached")

    headers = [(name.encode(), value.encode()) for name, value in {**HOST, "x-whet": "1"}.items()]
    scope = {"type": "http", "method": "POST", "path": "/api/login", "headers": headers}
    asyncio.run(Guard(app, served.access)(scope, receive, send))
    assert sent[0]["status"] == 408


def test_a_websocket_is_closed(served: Served) -> None:
    sent: list[Any] = []

    async def send(message: Any) -> None:
        sent.append(message)

    asyncio.run(Guard(served.page.app, served.access)({"type": "websocket", "headers": []}, send, send))
    assert sent == [{"type": "websocket.close", "code": 1008}]
