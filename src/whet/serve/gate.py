"""Who may ask: requests of this machine's programs, or with the key; no page of another site."""

import hmac
import json
from dataclasses import dataclass, field

from starlette.datastructures import Headers
from starlette.types import ASGIApp, Receive, Scope, Send

from whet.errors import UserError
from whet.serve.openai_objects import as_problem
from whet.serve.server_names import answers_to, is_loopback

SHORTEST = 8
"""Characters of a key at least."""


@dataclass(frozen=True)
class Gate:
    """The rules by which requests are let in.

    Without a key a `Host` header must name this machine, so that no page of another site asks (`answers_to`). With a
    key they do not have it.
    """

    key: str | None = field(default=None, repr=False)
    host: str = "127.0.0.1"
    """The address that the server listens on."""

    def refusal(self, method: str, path: str, headers: Headers) -> tuple[int, str] | None:
        """Returns the status and the reason where a request is refused by its head."""
        if self.key is None and not answers_to(headers.get("host", ""), self.host):
            known = "set --api-key, or call it by localhost"
            return 421, f"host: {headers.get('host', '')[:80]!r} is not a name of this server; {known}"
        if method == "GET" and path.endswith("/health"):
            return None
        if self.key is None and headers.get("sec-fetch-site", "none") not in ("none", "same-origin"):
            return 403, "a page of another site asked; set --api-key, and let the page send it"
        if self.key is not None and not self._opens(headers.get("authorization", "")):
            return 401, "authorization: is not `Bearer KEY` with the key of --api-key"
        kind = headers.get("content-type", "").partition(";")[0].strip().lower()
        if method == "POST" and kind != "application/json":
            return 415, "content-type: must be application/json"
        return None

    def _opens(self, authorization: str) -> bool:
        scheme, _, given = authorization.partition(" ")
        right = hmac.compare_digest(given.strip().encode(errors="replace"), (self.key or "").encode())
        return scheme.lower() == "bearer" and right


class Gated:
    """An ASGI application behind a gate."""

    def __init__(self, app: ASGIApp, gate: Gate) -> None:
        self.app, self.gate = app, gate

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answers a request, or refuses it."""
        found = None
        if scope["type"] == "http":
            found = self.gate.refusal(scope["method"], scope["path"], Headers(scope=scope))
        if found is None:
            await self.app(scope, receive, send)
            return
        status, why = found
        code = "invalid_api_key" if status == 401 else None
        body = json.dumps(as_problem(why, status, code=code)).encode()
        head = [(b"content-type", b"application/json"), (b"content-length", str(len(body)).encode())]
        await send({"type": "http.response.start", "status": status, "headers": head})
        await send({"type": "http.response.body", "body": body})


def checked_key(host: str, key: str | None) -> str | None:
    """Returns the key. Raises `UserError` where it is too short, or missing though others can reach `host`."""
    if key is not None and len(key) < SHORTEST:
        raise UserError(f"--api-key: has {len(key)} characters; use at least {SHORTEST}")
    if key is None and not is_loopback(host):
        raise UserError(f"--host: others can reach {host}; set --api-key, or leave --host out")
    return key
