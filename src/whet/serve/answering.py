"""One request on its way through the rounds, seen from the event loop."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import suppress

from starlette.requests import Request

from whet.serve.asked import Asked
from whet.serve.choice import Delta
from whet.serve.openai_objects import Object, Written, as_problem
from whet.serve.rounds import Begun, Failed, Job, News, Rounds


class AnswerError(Exception):
    """A request that gets an error for an answer."""

    def __init__(self, status: int, message: str, field: str | None = None, code: str | None = None) -> None:
        super().__init__(message)
        self.status, self.field, self.code = status, field, code

    def as_object(self) -> Object:
        """The error in the API's shape."""
        return as_problem(str(self), self.status, self.field, self.code)


class EndedError(AnswerError):
    """The server ends before the answer does."""

    def __init__(self) -> None:
        super().__init__(503, "the server ends", code="shutting_down")


class Answering:
    """Submits a request and follows its answer; ends it where the client or the server goes."""

    def __init__(self, rounds: Rounds, asked: Asked, stopped: asyncio.Event) -> None:
        self.asked = asked
        self._begun: Begun | None = None
        self.counts = [0] * (len(asked.prompts) * asked.n)
        """Tokens of each completion so far."""
        self._stopped, self._open = stopped, len(self.counts)
        self._news: asyncio.Queue[News] = asyncio.Queue()
        loop = asyncio.get_running_loop()

        def tell(news: News) -> None:
            with suppress(RuntimeError):  # the loop is closed: the server has ended
                loop.call_soon_threadsafe(self._news.put_nowait, news)

        self._job = Job(asked, tell)
        rounds.submit(self._job)

    @property
    def prompt_tokens(self) -> int:
        """Tokens of all prompts, after `begun`."""
        return self._begun.prompt_tokens if self._begun else 0

    def decode(self, tokens: Sequence[int]) -> str:
        """Decodes tokens of the answer, after `begun`."""
        return self._begun.decode(tokens) if self._begun else ""

    @property
    def tokens(self) -> int:
        """Tokens of all completions so far."""
        return sum(self.counts)

    async def begun(self) -> None:
        """Waits until the prompts are read. Raises `AnswerError` where they cannot be."""
        try:
            news = await self._next()
            self._begun = news if isinstance(news, Begun) else None
        except BaseException:
            self._job.left.set()
            raise

    async def deltas(self) -> AsyncIterator[Delta]:
        """Yields what the completions grow by, after `begun`. Raises `AnswerError` where the engine fails."""
        try:
            while self._open:
                delta = await self._next()
                if isinstance(delta, Delta):
                    self.counts[delta.index] += 1  # a delta comes for each token
                    self._open -= delta.finish is not None
                    yield delta
        finally:
            self._job.left.set()

    async def whole(self, request: Request) -> list[Written]:
        """Returns the completions when all have ended; where the client leaves, the engine is told.

        Raises `AnswerError` where there is no answer.
        """
        leaving = asyncio.create_task(self._follow(request))
        try:
            await self.begun()
            written = [Written() for _ in self.counts]
            async for delta in self.deltas():
                written[delta.index].add(delta)
            return written
        finally:
            leaving.cancel()

    async def _follow(self, request: Request) -> None:
        """Waits for the client to leave."""
        while not await request.is_disconnected():
            await asyncio.sleep(0.2)
        self._job.left.set()
        self._news.put_nowait(Failed("the client has left", 499))

    async def _next(self) -> Begun | Delta:
        """The next news. Raises `AnswerError` where it is bad, or the server ends."""
        reading, ending = asyncio.create_task(self._news.get()), asyncio.create_task(self._stopped.wait())
        try:
            await asyncio.wait({reading, ending}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            ending.cancel()
            if not reading.done():
                reading.cancel()
        if not reading.done():
            raise EndedError
        news = reading.result()
        if isinstance(news, Failed):
            field = news.why.partition(":")[0] if news.status == 400 else None
            raise AnswerError(news.status, news.why, field)
        return news
