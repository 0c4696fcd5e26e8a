"""The rules that every request passes before anything is read: who asks, from where, and how much."""

import asyncio
import json
from collections.abc import Mapping
from http.cookies import CookieError, SimpleCookie
from typing import NamedTuple

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from whet.dashboard.access import Access

CSP = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'; require-trusted-types-for 'script'; "
    "trusted-types lit-html"
)

HEADERS = {
    "content-security-policy": CSP,
    "x-content-type-options": "nosniff",
    "referrer-policy": "no-referrer",
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
    "x-frame-options": "DENY",
    "cache-control": "no-store",
}
"""Sent with every answer."""

BODY = 1 << 16
"""Bytes of a request's body at most."""

PATIENCE = 10.0
"""Seconds that a request's body may take."""

WRITES = "x-whet"
"""The header of every POST: a form or an image of another site cannot send it."""

LOGIN = "/api/login"


class Refusal(NamedTuple):
    """Why a request is refused."""

    status: int
    why: str


class Guard:
    """An ASGI application that refuses requests by `refusal`, limits bodies, and adds `HEADERS` to every answer."""

    def __init__(self, app: ASGIApp, access: Access) -> None:
        self.app, self.access = app, access

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answers one request."""
        if scope["type"] == "lifespan":
            await self.app(scope, receive, send)
            return
        if scope["type"] != "http":
            await send({"type": "websocket.close", "code": 1008})
            return

        async def with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                own = {name for name, _ in message["headers"]}
                more = ((name.encode(), value.encode()) for name, value in HEADERS.items())
                message["headers"] = [*message["headers"], *(pair for pair in more if pair[0] not in own)]
            await send(message)

        found = refusal(scope["method"], scope["path"], _headers(scope), self.access)
        if found is None and scope["method"] == "POST":
            body = await _body(receive)
            found = body if isinstance(body, Refusal) else None
            receive = _replayed(body, receive) if isinstance(body, bytes) else receive
        if found is not None:
            await _refuse(found, with_headers)
            return
        await self.app(scope, receive, with_headers)


def refusal(method: str, path: str, headers: Mapping[str, list[str]], access: Access) -> Refusal | None:
    """Why a request is refused by its head alone; None where it is not."""
    hosts = headers.get("host", [])
    if len(hosts) != 1 or not access.answers_to(hosts[0]):
        return Refusal(421, "this address is not one that Whet answers to; open the link that it printed")
    if any(origin != f"http://{hosts[0]}" for origin in headers.get("origin", [])):
        return Refusal(403, "a page of another site asked")
    if any(site not in ("same-origin", "none") for site in headers.get("sec-fetch-site", [])):
        return Refusal(403, "a page of another site asked")
    if method not in ("GET", "HEAD", "POST"):
        return Refusal(405, f"{method[:20]} is not a way to ask")
    if method == "POST" and headers.get(WRITES) != ["1"]:
        return Refusal(403, "a POST needs the header X-Whet: 1")
    if path.startswith("/api/") and path != LOGIN and not _is_known(headers, access):
        return Refusal(401, "open the link that `whet ui` printed: it carries the token")
    length = headers.get("content-length", ["0"])[0]
    if not (length.isascii() and length.isdecimal()) or int(length[:20]) > BODY:
        return Refusal(413, f"a body may have {BODY} bytes")
    return None


def _is_known(headers: Mapping[str, list[str]], access: Access) -> bool:
    """Whether a request carries the token in a header, or the cookie."""
    scheme, _, token = "".join(headers.get("authorization", [])[:1]).partition(" ")
    if scheme.lower() == "bearer" and access.opens(token.strip()):
        return True
    return any(access.knows(value) for value in _cookies(headers, access.cookie_name))


def _cookies(headers: Mapping[str, list[str]], name: str) -> list[str]:
    found = []
    for line in headers.get("cookie", []):
        for pair in line.split(";"):  # one by one: a strange cookie of another program hides no other
            try:
                jar = SimpleCookie(pair.strip())
            except CookieError:
                continue
            found += [jar[name].value] if name in jar else []
    return found


def _headers(scope: Scope) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for name, value in scope["headers"]:
        found.setdefault(name.decode("latin-1").lower(), []).append(value.decode("latin-1"))
    return found


async def _body(receive: Receive) -> bytes | Refusal:
    """The whole body; a refusal where it is too large or takes too long."""
    content = bytearray()
    try:
        async with asyncio.timeout(PATIENCE):
            while True:
                message = await receive()
                content += message.get("body", b"")
                if len(content) > BODY:
                    return Refusal(413, f"a body may have {BODY} bytes")
                if message["type"] == "http.disconnect" or not message.get("more_body"):
                    return bytes(content)
    except TimeoutError:
        return Refusal(408, f"the body took more than {PATIENCE:.0f} s")


def _replayed(body: bytes, receive: Receive) -> Receive:
    """A `receive` that gives the body once, and after that what comes: that the client has gone."""
    waiting = [{"type": "http.request", "body": body, "more_body": False}]

    async def again() -> Message:
        return waiting.pop() if waiting else await receive()

    return again


async def _refuse(found: Refusal, send: Send) -> None:
    body = json.dumps({"error": found.why}).encode()
    headers = [(b"content-type", b"application/json"), (b"content-length", str(len(body)).encode())]
    headers += [(b"connection", b"close")] if found.status in (408, 413) else []
    await send({"type": "http.response.start", "status": found.status, "headers": headers})
    await send({"type": "http.response.body", "body": body})
