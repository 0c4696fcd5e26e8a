"""A real HTTP server on this machine that speaks as much of the chat-completions protocol as a script says."""

import json
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from email.message import Message
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any


@dataclass(frozen=True)
class Answer:
    """What the server sends."""

    body: Any
    """An object, sent as JSON; or bytes, sent as they are."""
    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict)
    delay: float = 0.0
    """Seconds before anything is sent."""
    every: float = 0.0
    """Seconds between two bytes of the body."""


def completion(text: Any, tokens: int | None = 30) -> Answer:
    """A model's reply."""
    usage = {} if tokens is None else {"usage": {"total_tokens": tokens}}
    return Answer({"choices": [{"message": {"role": "assistant", "content": text}}], **usage})


@dataclass(frozen=True)
class Request:
    """What the server got."""

    path: str
    headers: Message
    """Their names in any case."""
    body: dict[str, Any]
    at: float

    @property
    def asked(self) -> str:
        """The last turn."""
        return str(self.body["messages"][-1]["content"])


class ChatServer:
    """Counts what it is asked, and how many requests were inside it at a time."""

    def __init__(self, script: Callable[[int, Request], Answer]) -> None:
        """`script(number, request)` says what the request of that number, from 0, is answered."""
        self.script = script
        self.requests: list[Request] = []
        self.inside = self.most_inside = 0
        self.address = ""
        self.lock = threading.Lock()

    def answer(self, request: Request) -> Answer:
        """Says it as the script has it."""
        with self.lock:
            number = len(self.requests)
            self.requests.append(request)
            self.inside += 1
            self.most_inside = max(self.most_inside, self.inside)
        found = self.script(number, request)
        time.sleep(found.delay)
        with self.lock:
            self.inside -= 1
        return found


@contextmanager
def serving(script: Callable[[int, Request], Answer]) -> Iterator[ChatServer]:
    """The server, at work while the block lasts."""
    chat = ChatServer(script)

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            found = chat.answer(Request(self.path, self.headers, body, time.monotonic()))
            sent = found.body if isinstance(found.body, bytes) else json.dumps(found.body).encode()
            try:
                self.send_response(found.status)
                for name, value in found.headers.items():
                    self.send_header(name, value)
                self.send_header("Content-Length", str(len(sent)))
                self.end_headers()
                for at in range(len(sent)) if found.every else ():
                    time.sleep(found.every)
                    self.wfile.write(sent[at : at + 1])
                self.wfile.write(b"" if found.every else sent)
            except OSError:
                self.close_connection = True  # the client gave up

        def log_message(self, format: str, *args: Any) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
    thread.start()
    chat.address = f"http://127.0.0.1:{server.server_address[1]}/v1"
    try:
        yield chat
    finally:
        server.shutdown()
        server.server_close()
