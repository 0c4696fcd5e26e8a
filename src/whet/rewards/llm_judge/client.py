"""Client of an LLM judge: concurrent requests, cached replies, and a spending cap."""

import asyncio
import json
import logging
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

import httpx2

from whet.errors import UserError
from whet.rewards.calls import RewardError
from whet.rewards.llm_judge.budget import Budget
from whet.rewards.llm_judge.llm_judge import JudgeParams
from whet.rewards.llm_judge.replies import ReplyCache, digest
from whet.types import Message

if TYPE_CHECKING:
    from openai import APIError, AsyncOpenAI

_LOG = logging.getLogger("whet.judge")

PATH = "/chat/completions"
MAX_MESSAGE = 160
"""Characters of an endpoint's error message that are shown."""

WRONG_SETTINGS = {
    401: "check the key that key_env names",
    403: "check what the key that key_env names may do",
    404: "check endpoint and model",
    405: "check endpoint",
}
"""HTTP statuses that concern the recipe, not one request, and the fix."""

Answer = str | RewardError | None
"""A usable reply; why there is none; `None` where the spending cap kept the request from being sent."""


class CapError(Exception):
    """The spending cap leaves no room for another request."""


class CappedClient(httpx2.AsyncClient):
    """An HTTP client that sends each request, retries included, only if the budget has room for its worst case.

    No token is shorter than a byte, so the worst case is the bytes of the request plus the longest reply, in tokens.
    A refused request costs nothing; a lost one, or one without reported usage, its worst case.
    """

    def __init__(self, budget: Budget, reply_tokens: int, timeout: float, parallel: int) -> None:
        """`timeout`: seconds for a whole request and reply; httpx's own time-outs limit each read or write."""
        limits = httpx2.Limits(max_connections=parallel, max_keepalive_connections=parallel)
        super().__init__(limits=limits, timeout=None)
        self.budget, self.reply_tokens, self.seconds = budget, reply_tokens, timeout

    async def send(self, request: httpx2.Request, **options: Any) -> httpx2.Response:
        """Sends a request and returns the whole response; raises `CapError` where the budget has no room for it."""
        worst = len(request.content) + self.reply_tokens
        if not self.budget.take(worst):
            raise CapError
        try:
            async with asyncio.timeout(self.seconds):
                response = await super().send(request, **options)
        except TimeoutError:
            raise httpx2.ReadTimeout(f"no reply in {self.seconds:g} s", request=request) from None
        used = _field(response, "usage", "total_tokens") if response.is_success else 0
        self.budget.settle(worst, used if isinstance(used, int) and used >= 0 else worst)
        return response


class JudgeClient:
    """Queries a chat model; implements `whet.rewards.llm_judge.llm_judge.Ask`."""

    def __init__(self, params: JudgeParams, key: str | None = None, cache: ReplyCache | None = None) -> None:
        """`key` is the API key, never written anywhere; without `cache`, repeated requests are paid again."""
        self.params, self.cache = params, cache
        self.budget = Budget(params.max_requests, params.max_tokens)
        url = httpx2.URL(params.endpoint)
        self.url = str(url.copy_with(path=url.path.rstrip("/").removesuffix(PATH) + PATH))
        self._key, self._answered, self._cap_reported = key, False, False

    async def __call__(self, conversations: Sequence[Sequence[Message]], usable: Callable[[str], bool]) -> list[Answer]:
        """Returns an answer for each conversation, in order; equal ones share one request.

        Where the cap has too few requests left for all that are not cached, none is sent, so that no group of
        completions is judged in part.

        Raises:
            UserError: before the first reply, where the endpoint rejects address, key or model.
        """
        bodies = [self._body(messages) for messages in conversations]
        keys = [digest({"address": self.params.endpoint, **body}) for body in bodies]
        answers: dict[str, Answer] = {key: self.cache.get(key) if self.cache else None for key in dict.fromkeys(keys)}
        unanswered = {key: body for key, body in zip(keys, bodies, strict=True) if answers[key] is None}
        if len(unanswered) <= self.budget.requests_left:
            slots = asyncio.Semaphore(self.params.parallel)
            async with self._client() as client:
                requests = [self._ask(client, slots, key, body, usable) for key, body in unanswered.items()]
                answers.update(zip(unanswered, await asyncio.gather(*requests), strict=True))
        else:
            self._report_cap(len(unanswered))
        return [answers[key] for key in keys]

    def _body(self, messages: Sequence[Message]) -> dict[str, Any]:
        """The body of a request; lone surrogates, which UTF-8 cannot encode, become question marks."""
        turns = [{name: text.encode(errors="replace").decode() for name, text in turn.items()} for turn in messages]
        return {"model": self.params.model, **self.params.options, "messages": turns}

    def _client(self) -> "AsyncOpenAI":
        """A client that retries time-outs, lost connections and statuses 408, 409, 429, 5xx, after Retry-After or with
        exponential back-off. It follows no redirect, which would send the key elsewhere.
        """
        from openai import AsyncOpenAI

        params = self.params
        reply_tokens = max(params.options.get(name, 0) for name in ("max_tokens", "max_completion_tokens"))
        return AsyncOpenAI(
            api_key=self._key or "none",  # it refuses an empty one
            base_url=self.url,
            max_retries=params.retries,
            http_client=CappedClient(self.budget, reply_tokens, params.timeout, params.parallel),
        )

    async def _ask(
        self,
        client: "AsyncOpenAI",
        slots: asyncio.Semaphore,
        key: str,
        body: dict[str, Any],
        usable: Callable[[str], bool],
    ) -> Answer:
        """Sends one request, with retries; only a usable reply is cached."""
        from openai import APIError, Omit

        # Set here, so that no environment variable that the library reads overrides it.
        headers: Any = {"Authorization": f"Bearer {self._key}" if self._key else Omit()}
        try:
            async with slots:
                response = await client.post(self.url, cast_to=httpx2.Response, body=body, options={"headers": headers})
        except CapError:
            self._report_cap(1)
            return None
        except APIError as error:
            return self._failure(error)
        text = _field(response, "choices", 0, "message", "content")
        if not isinstance(text, str):
            return RewardError("gave no verdict: its reply is no chat completion with a text")
        self._answered = True
        if not usable(text):
            return RewardError(f"gave no verdict: its reply has no score: {' '.join(text.split())[:100]!r}")
        if self.cache:
            self.cache.put(key, text)
        return text

    def _failure(self, error: "APIError") -> RewardError:
        """The reason for a missing reply, on one line, with the key masked."""
        from openai import APIStatusError

        why, status = str(error.__cause__ or error), None
        if isinstance(error, APIStatusError):
            body, status = error.body, error.status_code
            message = body.get("message") if isinstance(body, dict) else None
            why = f"status {status}: {message or error.response.text}"
        why = " ".join((why.replace(self._key, "***") if self._key else why).split())[:MAX_MESSAGE]
        if status in WRONG_SETTINGS and not self._answered:
            where = f"rewards.params.endpoint of 'judge': {self.params.endpoint} refuses"
            raise UserError(f"{where} ({why}); {WRONG_SETTINGS[status]}") from None
        return RewardError(f"gave no verdict: {why}")

    def _report_cap(self, due: int) -> None:
        """Logs once that the spending cap is reached, with `due` requests left to send."""
        if not self._cap_reported:
            self._cap_reported = True
            spent = f"its spending cap is reached: {self.budget} are spent and {due:,} more requests are due"
            fix = "completions get no verdict from here on; raise max_requests or max_tokens in its params"
            _LOG.warning("judge: %s; %s", spent, fix)


def _field(response: httpx2.Response, *path: str | int) -> Any:
    """The value at `path` in a JSON body; `None` where there is none."""
    try:
        value = json.loads(response.content)
        for name in path:
            value = value[name]
    except (ValueError, LookupError, TypeError):
        return None
    return value
