"""A stand-in for the Hugging Face hub on this machine: as much of its protocol as one commit of small files needs."""

import base64
import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

OWNER = "me"


@dataclass
class Hub:
    """What it was asked, and what it has."""

    refuse: dict[str, int] = field(default_factory=dict)
    """By the last part of a path that matters (`create`, `commit`), the status to answer."""
    address: str = ""
    asked: list[str] = field(default_factory=list)
    tokens: set[str | None] = field(default_factory=set)
    made: list[dict[str, Any]] = field(default_factory=list)
    commits: list[dict[str, Any]] = field(default_factory=list)
    files: dict[str, bytes] = field(default_factory=dict)

    def answer(self, path: str, body: bytes) -> tuple[int, Any]:
        """Status and object to send."""
        parts = path.partition("?")[0].strip("/").split("/")
        for name, status in self.refuse.items():
            if name in parts:
                return status, {"error": "refused by the stand-in"}
        if parts == ["api", "repos", "create"]:
            self.made.append(json.loads(body))
            given = self.made[-1]
            return 200, {"url": f"{self.address}/{given.get('organization') or OWNER}/{given['name']}"}
        if parts == ["api", "validate-yaml"]:
            return 200, {"warnings": [], "errors": []}
        if "preupload" in parts:
            files = [{"path": file["path"], "uploadMode": "regular", "shouldIgnore": False}
                     for file in json.loads(body)["files"]]  # fmt: skip
            return 200, {"files": files}
        if "commit" in parts:
            return 200, self._commit("/".join(parts[2:4]), body)
        return 404, {"error": path}

    def _commit(self, repo: str, body: bytes) -> dict[str, Any]:
        lines = [json.loads(line) for line in body.splitlines()]
        self.commits += [line["value"] for line in lines if line["key"] == "header"]
        for line in lines:
            if line["key"] == "file":
                self.files[f"{repo}/{line['value']['path']}"] = base64.b64decode(line["value"]["content"])
        return {"commitUrl": f"{self.address}/{repo}/commit/{'0' * 40}", "commitOid": "0" * 40}


@contextmanager
def serving(**refuse: int) -> Iterator[Hub]:
    """The stand-in, at work while the block lasts."""
    hub = Hub(refuse)

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            hub.asked.append(self.path)
            if self.command == "POST":
                hub.tokens.add(self.headers.get("Authorization"))
            status, found = hub.answer(self.path, body)
            sent = json.dumps(found).encode()
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(sent)))
            self.end_headers()
            self.wfile.write(sent)

        do_GET = do_POST

        def log_message(self, format: str, *args: Any) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
    thread.start()
    hub.address = f"http://127.0.0.1:{server.server_address[1]}"
    try:
        yield hub
    finally:
        server.shutdown()
        server.server_close()
