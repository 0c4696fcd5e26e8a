"""Client of an LLM judge: many questions at a time, each paid for once, none beyond the spending cap."""

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
"""Letters of an endpoint's complaint that are shown."""

WRONG_SETTINGS = {
    401: "check the key that key_env names",
    403: "check what the key that key_env names may do",
    404: "check endpoint and model",
    405: "check endpoint",
}
"""Statuses that are about the recipe, not about one question, and what to fix."""

Answer = str | RewardError | None
"""A usable reply; why there is none; `None` where the cap left the question out."""


class CapError(Exception):
    """The spending cap leaves no room for another request."""


class CappedClient(httpx2.AsyncClient):
    """Sends each request, a retried one too, if the budget has room for its worst case.

    No token of a prompt is shorter than a byte, so that is its bytes plus the longest reply. A refused request costs
    nothing; one that was lost on the way, or whose usage the endpoint does not report, costs its worst case.
    """

    def __init__(self, budget: Budget, reply_tokens: int, timeout: float, parallel: int) -> None:
        """`timeout`: seconds from a request's first byte to its reply's last; httpx's own limit is on each pause."""
        limits = httpx2.Limits(max_connections=parallel, max_keepalive_connections=parallel)
        super().__init__(limits=limits, timeout=None)
        self.budget, self.reply_tokens, self.seconds = budget, reply_tokens, timeout

    async def send(self, request: httpx2.Request, **options: Any) -> httpx2.Response:
        """The whole response. Raises `CapError` where the budget has no room for it."""
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
    """Asks a chat model; plays `whet.rewards.llm_judge.llm_judge.Ask`."""

    def __init__(self, params: JudgeParams, key: str | None = None, cache: ReplyCache | None = None) -> None:
        """`key` is sent to the endpoint and never written; without `cache`, a later call pays for the same again."""
        self.params, self.cache = params, cache
        self.budget = Budget(params.max_requests, params.max_tokens)
        url = httpx2.URL(params.endpoint)
        self.url = str(url.copy_with(path=url.path.rstrip("/").removesuffix(PATH) + PATH))
        self._key, self._answered, self._cap_reported = key, False, False

    async def __call__(self, conversations: Sequence[Sequence[Message]], usable: Callable[[str], bool]) -> list[Answer]:
        """An answer for each conversation, in order; equal ones are asked once.

        Where the cap does not leave a request for every open question of the call, none is asked, so that no
        group of responses is judged in part.

        Raises:
            UserError: before the first reply, where the endpoint refuses address, key or model.
        """
        bodies = [self._body(messages) for messages in conversations]
        keys = [digest({"address": self.params.endpoint, **body}) for body in bodies]
        answers: dict[str, Answer] = {key: self.cache.get(key) if self.cache else None for key in dict.fromkeys(keys)}
        unanswered = {key: body for key, body in zip(keys, bodies, strict=True) if answers[key] is None}
        if len(unanswered) <= self.budget.requests_left:
            slots = asyncio.Semaphore(self.params.parallel)
            async with self._client() as client:
                asked = [self._ask(client, slots, key, body, usable) for key, body in unanswered.items()]
                answers.update(zip(unanswered, await asyncio.gather(*asked), strict=True))
        else:
            self._report_cap(len(unanswered))
        return [answers[key] for key in keys]

    def _body(self, messages: Sequence[Message]) -> dict[str, Any]:
        """The body of a request. Characters that UTF-8 does not have become question marks."""
        turns = [{name: text.encode(errors="replace").decode() for name, text in turn.items()} for turn in messages]
        return {"model": self.params.model, **self.params.options, "messages": turns}

    def _client(self) -> "AsyncOpenAI":
        """Retries time-outs, lost connections and the statuses 408, 409, 429 and 5xx, after as long as Retry-After says
        or with exponential back-off. Follows no redirect, which would carry the key elsewhere.
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
        """One question, retries included; a reply that is of no use is not cached."""
        from openai import APIError, Omit

        # Said here, so that no variable of the environment that the library knows says something else.
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
        """Why there is no reply, on one line and without the key, should the endpoint repeat it."""
        from openai import APIStatusError

        why, status = str(error.__cause__ or error), None
        if isinstance(error, APIStatusError):
            body, status = error.body, error.status_code
            complaint = body.get("message") if isinstance(body, dict) else None
            why = f"status {status}: {complaint or error.response.text}"
        why = " ".join((why.replace(self._key, "***") if self._key else why).split())[:MAX_MESSAGE]
        if status in WRONG_SETTINGS and not self._answered:
            where = f"rewards.params.endpoint of 'judge': {self.params.endpoint} refuses"
            raise UserError(f"{where} ({why}); {WRONG_SETTINGS[status]}") from None
        return RewardError(f"gave no verdict: {why}")

    def _report_cap(self, due: int) -> None:
        """Warns of it, once."""
        if not self._cap_reported:
            self._cap_reported = True
            spent = f"its spending cap is reached: {self.budget} are spent and {due:,} more questions are due"
            fix = "responses go without a verdict from here on; raise max_requests or max_tokens in its params"
            _LOG.warning("judge: %s; %s", spent, fix)


def _field(response: httpx2.Response, *path: str | int) -> Any:
    """What stands at `path` in a JSON body; `None` where nothing does."""
    try:
        value = json.loads(response.content)
        for name in path:
            value = value[name]
    except (ValueError, LookupError, TypeError):
        return None
    return value
