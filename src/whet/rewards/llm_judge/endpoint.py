"""One request to an OpenAI-compatible endpoint, and what may come of it."""

import asyncio
import json
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from email.utils import parsedate_to_datetime
from typing import Any, NamedTuple

import httpx2

from whet.text import one_line
from whet.types import Message

PATH = "/chat/completions"
BUSY = frozenset({408, 409, 429, *range(500, 600)})
"""Statuses after which asking again may help."""

SHOWN = 160
"""Letters of an endpoint's complaint that are told."""


class Reply(NamedTuple):
    """What a model replied."""

    text: str
    tokens: int | None
    """Tokens of prompt and reply as the endpoint counts them; `None` where it does not say."""


class NoReplyError(Exception):
    """A request came to nothing: says why, in words that carry no key."""

    status: int | None = None
    """The HTTP status, where there was one: then nothing was generated."""


class RefusedError(NoReplyError):
    """Asking the same again would come to the same."""


class BusyError(NoReplyError):
    """Asking again may help."""

    wait: float | None = None
    """Seconds to wait before that, where the endpoint says so."""


@dataclass(frozen=True)
class Endpoint:
    """Where a chat model answers."""

    address: str
    """As in `https://api.openai.com/v1`."""
    body: Mapping[str, Any]
    """What every request says beside its messages: the model and its settings."""
    key: str | None = field(default=None, repr=False)
    timeout: float = 60.0
    """Seconds for a request, from its first byte to the last of its reply."""

    def client(self, parallel: int) -> httpx2.AsyncClient:
        """An open client for `parallel` requests at a time; close it in the event loop that it was used in."""
        headers = {"Authorization": f"Bearer {self.key}"} if self.key else {}
        limits = httpx2.Limits(max_connections=parallel, max_keepalive_connections=parallel)
        return httpx2.AsyncClient(headers=headers, limits=limits, timeout=None)  # `post` keeps the time

    def asked(self, messages: Sequence[Message]) -> dict[str, Any]:
        """The body of a request. Characters that UTF-8 does not have become question marks."""
        turns = [{name: text.encode(errors="replace").decode() for name, text in turn.items()} for turn in messages]
        return {**self.body, "messages": turns}

    async def post(self, client: httpx2.AsyncClient, messages: Sequence[Message]) -> Reply:
        """The model's reply to `messages`.

        Raises:
            BusyError: a time-out, a lost connection, or a status of `BUSY`.
            RefusedError: any other status, or a reply that is none.
        """
        try:
            async with asyncio.timeout(self.timeout):
                response = await client.post(self.url, json=self.asked(messages))
        except TimeoutError:
            raise BusyError(f"no reply in {self.timeout:g} s") from None
        except httpx2.HTTPError as error:
            raise BusyError(self._clean(f"{type(error).__name__}: {error}")) from None
        if response.status_code != 200:
            raise self._complaint(response)
        return _reply(response)

    @property
    def url(self) -> httpx2.URL:
        """Where requests go."""
        url = httpx2.URL(self.address)
        return url.copy_with(path=url.path.rstrip("/").removesuffix(PATH) + PATH)

    def _complaint(self, response: httpx2.Response) -> NoReplyError:
        what = self._clean(f"status {response.status_code}: {_message(response)}")
        error: NoReplyError = RefusedError(what)
        if response.status_code in BUSY:
            error = BusyError(what)
            error.wait = retry_after(response.headers.get("retry-after"), time.time())
        error.status = response.status_code
        return error

    def _clean(self, text: str) -> str:
        """One line without the key, should an endpoint repeat it."""
        return one_line(text.replace(self.key, "***") if self.key else text, SHOWN)


def _reply(response: httpx2.Response) -> Reply:
    try:
        said = response.json()
        text, tokens = said["choices"][0]["message"]["content"], (said.get("usage") or {}).get("total_tokens")
    except (ValueError, LookupError, TypeError, AttributeError):
        raise RefusedError("its reply is no chat completion") from None
    if not isinstance(text, str):
        raise RefusedError("its reply has no text")
    return Reply(text, tokens if isinstance(tokens, int) else None)


def _message(response: httpx2.Response) -> str:
    """What an endpoint complains about: OpenAI's error object, or the body as it is."""
    try:
        return str(response.json()["error"]["message"])
    except (ValueError, LookupError, TypeError):
        return response.text


def retry_after(header: str | None, now: float) -> float | None:
    """Seconds to wait by a Retry-After header, a number or a date (RFC 9110, section 10.2.3), at Unix time `now`.

    >>> retry_after("7", 0.0), retry_after("Thu, 01 Jan 1970 00:01:30 GMT", 60.0), retry_after("soon", 0.0)
    (7.0, 30.0, None)
    """
    if header is None:
        return None
    try:
        seconds = float(header)
    except ValueError:
        try:
            seconds = parsedate_to_datetime(header).timestamp() - now
        except ValueError:
            return None
    return max(0.0, seconds) if seconds == seconds else None


def worst_case(body: Mapping[str, Any]) -> int:
    """The most tokens that a request can use: no token of a prompt is shorter than a byte.

    >>> worst_case({"max_tokens": 100, "messages": []})
    135
    """
    reply = max(int(body.get(name) or 0) for name in ("max_tokens", "max_completion_tokens"))
    return len(json.dumps(body, ensure_ascii=False).encode()) + reply
