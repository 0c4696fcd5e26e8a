"""The page's application without a network: requests go straight to it, with whatever headers a test wants."""

import asyncio
import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlencode

from whet.dashboard.access import Access
from whet.dashboard.app import Page
from whet.dashboard.library import Library
from whet.dashboard.static_files import StaticFiles

PORT = 9000
TOKEN = "a-token-for-the-tests"
HOST = {"host": f"127.0.0.1:{PORT}"}


@dataclass
class Reply:
    """A whole answer."""

    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        """The body as JSON."""
        return json.loads(self.body)

    @property
    def lines(self) -> list[Any]:
        """The body as JSON lines."""
        return [json.loads(line) for line in self.body.splitlines()]


@dataclass
class Served:
    """A page over the runs in a folder."""

    root: Path
    static: Path
    access: Access = field(default_factory=lambda: Access("127.0.0.1", PORT, TOKEN))

    def __post_init__(self) -> None:
        self.page = Page(Library(self.root), self.access, StaticFiles(self.static))

    def get(self, path: str, headers: dict[str, str] | None = None, **query: Any) -> Reply:
        """GET as a browser that has logged in does it."""
        known = {**HOST, "cookie": f"{self.access.cookie_name}={self.access.cookie}", "sec-fetch-site": "same-origin"}
        return self.ask("GET", path, {**known, **(headers or {})}, query=urlencode(query, doseq=True))

    def post(self, path: str, body: Any, **headers: str) -> Reply:
        """POST as the page does it."""
        known = {**HOST, "cookie": f"{self.access.cookie_name}={self.access.cookie}", "x-whet": "1"}
        content = body if isinstance(body, bytes) else json.dumps(body).encode()
        return self.ask("POST", path, {**known, **headers}, content)

    def ask(
        self,
        method: str,
        path: str,
        headers: dict[str, str] | list[tuple[str, str]],
        body: bytes = b"",
        query: str = "",
    ) -> Reply:
        """Any request at all."""
        pairs = list(headers.items()) if isinstance(headers, dict) else headers
        return asyncio.run(_ask(self.page, method, path, pairs, body, query))


async def _ask(page: Page, method: str, path: str, headers: list[tuple[str, str]], body: bytes, query: str) -> Reply:
    scope = {
        "type": "http",
        "http_version": "1.1",
        "method": method,
        "path": path,
        "raw_path": quote(path).encode(),
        "query_string": query.encode(),
        "root_path": "",
        "scheme": "http",
        "server": ("127.0.0.1", PORT),
        "headers": [(name.lower().encode(), value.encode("latin-1")) for name, value in headers],
    }
    waiting = [{"type": "http.request", "body": body, "more_body": False}]
    sent: list[Any] = []
    over = asyncio.Event()

    async def receive() -> Any:
        if waiting:
            return waiting.pop()
        await over.wait()
        return {"type": "http.disconnect"}

    async def send(message: Any) -> None:
        sent.append(message)

    await page.app(scope, receive, send)
    over.set()
    start = sent[0]
    content = b"".join(message.get("body", b"") for message in sent[1:])
    return Reply(start["status"], {k.decode(): v.decode() for k, v in start["headers"]}, content)
