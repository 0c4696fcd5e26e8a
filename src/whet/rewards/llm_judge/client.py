"""An LLM that judges: many questions at a time, each answered once, none beyond the spending cap."""

import asyncio
import logging
import sqlite3
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from tenacity import AsyncRetrying, RetryCallState, retry_if_exception_type, stop_after_attempt, stop_before_delay
from tenacity.wait import wait_random_exponential

from whet.errors import UserError
from whet.rewards.calls import RewardError
from whet.rewards.llm_judge.budget import Budget
from whet.rewards.llm_judge.endpoint import BusyError, Endpoint, NoReplyError, Reply, worst_case
from whet.rewards.llm_judge.replies import ReplyCache, digest
from whet.types import Message

if TYPE_CHECKING:
    import httpx2

_LOG = logging.getLogger("whet.judge")

Answer = str | RewardError | None
"""A usable reply; why there is none; `None` where the cap left the question out."""

WRONG_ADDRESS = {
    401: "check the key that key_env names",
    403: "check what the key that key_env names may do",
    404: "check endpoint and model",
    405: "check endpoint",
}
"""Statuses that are about the recipe, not about one question, and what to fix."""


class CapError(Exception):
    """The spending cap leaves no room for another request."""


@dataclass(frozen=True)
class Patience:
    """How long one question is worth asking."""

    retries: int
    seconds: float = 300.0
    """No request is repeated later than this after the first one."""
    backoff: float = 1.0
    """Seconds: the most that the first wait takes. It doubles with each, is random below that, and ends at 30."""

    def retrying(self) -> AsyncRetrying:
        """Asks again after a `BusyError`, when the endpoint says or with exponential back-off and full jitter."""
        guess = wait_random_exponential(multiplier=self.backoff, max=30.0)

        def wait(state: RetryCallState) -> float:
            error = state.outcome.exception() if state.outcome else None
            told = error.wait if isinstance(error, BusyError) else None
            return guess(state) if told is None else told

        return AsyncRetrying(
            retry=retry_if_exception_type(BusyError),
            wait=wait,
            stop=stop_after_attempt(1 + self.retries) | stop_before_delay(self.seconds),
            reraise=True,
        )


class JudgeClient:
    """Asks a chat model; plays `whet.rewards.llm_judge.llm_judge.Ask`."""

    def __init__(
        self,
        endpoint: Endpoint,
        budget: Budget,
        patience: Patience,
        parallel: int,
        cache: ReplyCache | None = None,
    ) -> None:
        self.endpoint, self.budget, self.patience, self.cache = endpoint, budget, patience, cache
        self.parallel = parallel
        self._answered = False
        self._said: set[str] = set()

    async def __call__(self, conversations: Sequence[Sequence[Message]], usable: Callable[[str], bool]) -> list[Answer]:
        """An answer for each conversation, in order; equal ones are asked once.

        Where the cap does not leave a request for every open question of the call, none is asked, so that no
        group of responses is judged in part.

        Raises:
            UserError: before the first reply, where the endpoint refuses address, key or model.
        """
        keys = [self._key(messages) for messages in conversations]
        answers: dict[str, Answer] = {key: self._kept(key) for key in dict.fromkeys(keys)}
        open_ = {key: turns for key, turns in zip(keys, conversations, strict=True) if answers[key] is None}
        if len(open_) <= self.budget.requests_left:
            slots = asyncio.Semaphore(self.parallel)
            async with self.endpoint.client(self.parallel) as client:
                asked = [self._ask(client, slots, key, turns, usable) for key, turns in open_.items()]
                found = await asyncio.gather(*asked, return_exceptions=True)
            answers.update(zip(open_, map(_answer, found), strict=True))
        else:
            self._say_the_cap_is_reached(len(open_))
        return [answers[key] for key in keys]

    async def _ask(
        self,
        client: "httpx2.AsyncClient",
        slots: asyncio.Semaphore,
        key: str,
        messages: Sequence[Message],
        usable: Callable[[str], bool],
    ) -> Answer:
        """One question, however often it must be repeated; a reply that is of no use is not kept."""
        try:
            async with slots:
                reply: Reply = await self.patience.retrying()(self._request, client, messages)
        except CapError:
            self._say_the_cap_is_reached(1)
            return None
        except NoReplyError as error:
            return self._failure(error)
        self._answered = True
        if not usable(reply.text):
            return RewardError(f"gave no verdict: its reply has no score: {' '.join(reply.text.split())[:100]!r}")
        self._keep(key, reply.text)
        return reply.text

    async def _request(self, client: "httpx2.AsyncClient", messages: Sequence[Message]) -> Reply:
        """One request. What came to nothing without a status may have been generated and counts in full."""
        worst = worst_case(self.endpoint.asked(messages))
        if not self.budget.take(worst):
            raise CapError
        try:
            reply = await self.endpoint.post(client, messages)
        except NoReplyError as error:
            self.budget.settle(worst, worst if error.status is None else 0)
            raise
        self.budget.settle(worst, worst if reply.tokens is None else reply.tokens)
        return reply

    def _failure(self, error: NoReplyError) -> RewardError:
        if error.status in WRONG_ADDRESS and not self._answered:
            where = f"rewards.params.endpoint of 'judge': {self.endpoint.address} refuses"
            raise UserError(f"{where} ({error}); {WRONG_ADDRESS[error.status]}") from None
        return RewardError(f"gave no verdict: {error}")

    def _key(self, messages: Sequence[Message]) -> str:
        return digest({"address": self.endpoint.address, **self.endpoint.asked(messages)})

    def _kept(self, key: str) -> str | None:
        try:
            return self.cache.get(key) if self.cache else None
        except sqlite3.Error as error:
            self._say(f"judge: kept replies cannot be read ({error})")
            return None

    def _keep(self, key: str, reply: str) -> None:
        try:
            if self.cache:
                self.cache.put(key, reply)
        except sqlite3.Error as error:
            self._say(f"judge: replies cannot be kept ({error}); they will be paid for again")

    def _say_the_cap_is_reached(self, due: int) -> None:
        spent = f"its spending cap is reached: {self.budget} are spent and {due:,} more questions are due"
        fix = "responses go without a verdict from here on; raise max_requests or max_tokens in its params"
        self._say(f"judge: {spent}; {fix}", once="cap")

    def _say(self, text: str, once: str = "cache") -> None:
        """A note, once for each thing that there is to say."""
        if once not in self._said:
            self._said.add(once)
            _LOG.warning(text)


def _answer(found: Answer | BaseException) -> Answer:
    """What `_ask` returned; raises what it raised, once every other question has its answer."""
    if isinstance(found, BaseException) and not isinstance(found, RewardError):
        raise found
    return found
