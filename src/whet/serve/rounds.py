"""Samples requests in rounds: those that have arrived together share one batch; later ones wait for the next round.

One thread does all of the work on the model, tokenizer included.
"""

import logging
import secrets
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, suppress
from dataclasses import dataclass, field
from math import gcd
from queue import Empty, SimpleQueue
from threading import Event, Lock, Thread

from whet.errors import UserError
from whet.serve.asked import MOST_ROWS, Asked
from whet.serve.choice import Choice, Delta, Scored
from whet.serve.served_model import PromptTokens, ServedModel
from whet.serve.shelf import Shelf
from whet.text import first_line
from whet.types import Request, SamplingParams

WINDOW = 0.010
"""Seconds that the first request of a round waits for others."""


@dataclass(frozen=True, slots=True)
class Begun:
    """The prompts were read."""

    prompt_tokens: int
    decode: Callable[[Sequence[int]], str]


@dataclass(frozen=True, slots=True)
class Failed:
    """The request cannot be answered."""

    why: str
    status: int
    """Of HTTP: 400 where the request is wrong, 500 where the engine failed."""


News = Begun | Delta | Failed


@dataclass(frozen=True, slots=True)
class Job:
    """A request that waits or is being answered; `tell` is called by the thread of the rounds."""

    asked: Asked
    tell: Callable[[News], None]
    left: Event = field(default_factory=Event)
    """Set where nobody waits for the rest of the answer."""


class _Row:
    """A completion of a round."""

    def __init__(self, job: Job, choice: Choice, prompt: PromptTokens, key: int) -> None:
        self.job, self.choice, self.prompt, self.key = job, choice, prompt, key
        self.likeliest: Callable[[int], tuple[tuple[int, float], ...]] = lambda _: ()

    @property
    def done(self) -> bool:
        return self.choice.finish is not None or self.job.left.is_set()

    def take(self, token: int, logprob: float) -> None:
        if not self.done:
            self.job.tell(self.choice.take(Scored(token, logprob, self.likeliest(token))))


@dataclass(frozen=True, slots=True)
class _Ready:
    """A job whose prompts have been read."""

    job: Job
    rows: list[_Row]
    room: int | None
    """Tokens that the context leaves for the completion of its longest prompt."""


class Rounds:
    """Answers jobs by the models of a shelf, `temperature` where they name none.

    After `idle` seconds without a job the shelf's model leaves the memory; None keeps it.
    """

    def __init__(
        self, shelf: Shelf, temperature: float = 1.0, window: float = WINDOW, idle: float | None = None
    ) -> None:
        self.shelf, self.temperature, self.window, self.idle = shelf, temperature, window, idle
        self.sizes: list[int] = []
        """The number of requests in each of the last rounds."""
        self._waiting: SimpleQueue[Job | None] = SimpleQueue()
        self._closed = Event()
        self._thread = Thread(target=self._work, name="whet-serve", daemon=True)
        self._begin = Lock()

    @property
    def waiting(self) -> int:
        """About how many requests wait for the next round."""
        return self._waiting.qsize()

    def submit(self, job: Job) -> None:
        """Adds a request to the next round. The first one starts the thread."""
        self._waiting.put(job)
        with self._begin:
            if self._thread.ident is None:
                self._thread.start()

    def close(self, patience: float = 2.0) -> None:
        """Ends the round that is under way at its next token, and the thread."""
        self._closed.set()
        self._waiting.put(None)
        with self._begin:
            if self._thread.ident is not None:
                self._thread.join(patience)

    def _work(self) -> None:
        while (first := self._next()) is not None and not self._closed.is_set():
            for name, jobs in _by_model([first, *self._joined()]).items():
                self._answer(name, [job for job in jobs if not job.left.is_set()])

    def _next(self) -> Job | None:
        """The next job, None where there is to be none; the shelf is cleared where it takes long to come."""
        with suppress(Empty):
            return self._waiting.get(timeout=self.idle)
        self.shelf.clear()
        return self._waiting.get()

    def _joined(self) -> Iterator[Job]:
        """The jobs that arrive within the window."""
        until = time.monotonic() + self.window
        while True:
            try:
                job = self._waiting.get(timeout=max(0.0, until - time.monotonic()))
            except Empty:
                return
            if job is None:
                self._waiting.put(None)
                return
            yield job

    def _answer(self, name: str, jobs: Sequence[Job]) -> None:
        try:
            model = self.shelf.get(name)
        except Exception as error:
            for job in jobs:
                job.tell(_failure(error))
            return
        for batch in batches([ready for job in jobs if (ready := self._ready(job, model))]):
            if self._closed.is_set():
                return
            try:
                self._sample(model, batch)
            except Exception as error:
                for ready in batch:
                    ready.job.tell(_failure(error))

    def _ready(self, job: Job, model: ServedModel) -> _Ready | None:
        """Reads a job's prompts; tells it where that fails."""
        asked = job.asked
        try:
            prompts = [model.prompt(given) for given in asked.prompts]
            limits = [model.longest(prompt, asked.max_tokens) for prompt in prompts]
        except Exception as error:
            job.tell(_failure(error))
            return None
        job.tell(Begun(sum(len(prompt.tokens) for prompt in prompts), model.text))
        seed = secrets.randbits(62) if asked.seed is None else asked.seed
        ends = model.ends | asked.stop_tokens
        rows = []
        for place, (prompt, limit) in enumerate(zip(prompts, limits, strict=True)):
            for sample, key in enumerate(_keys(seed, place, asked.n)):
                index = place * asked.n + sample
                choice = Choice(index, model.text, limit, ends, asked.stop, prompt.opening)
                rows.append(_Row(job, choice, prompt, key))
        context = model.policy.context
        room = None if context is None else context - max(len(prompt.tokens) for prompt in prompts)
        return _Ready(job, rows, room)

    def _sample(self, model: ServedModel, batch: "Sequence[_Ready]") -> None:
        """Samples the rows of a batch until all have ended; their jobs have one temperature and top-p."""
        rows = [row for ready in batch for row in ready.rows]
        self.sizes = [*self.sizes[-99:], len(batch)]
        params = self._params(batch)
        for ready in batch:
            self._look_for_likeliest(model, ready, params)
        share = gcd(*(ready.job.asked.n for ready in batch))  # rows of a request are neighbours
        requests = [
            Request(rows[at].prompt.tokens, tuple(row.key for row in rows[at : at + share]))
            for at in range(0, len(rows), share)
        ]
        with closing(model.sampler.drawn(requests, params)) as positions:
            for drawn in positions:
                for number, token, logprob in zip(drawn.rows, drawn.tokens, drawn.logprobs, strict=True):
                    rows[number].take(token, logprob)
                if self._closed.is_set() or all(row.done for row in rows):
                    return

    def _params(self, batch: "Sequence[_Ready]") -> SamplingParams:
        asked = batch[0].job.asked
        temperature = self.temperature if asked.temperature is None else asked.temperature
        return SamplingParams(temperature, asked.top_p, _most_tokens(batch))

    def _look_for_likeliest(self, model: ServedModel, ready: "_Ready", params: SamplingParams) -> None:
        from whet.rollout.likeliest import Likeliest

        for row in ready.rows if ready.job.asked.top else ():
            count, most = ready.job.asked.top, row.choice.max_tokens
            row.likeliest = Likeliest(model.policy.model, row.prompt.tokens, count, params.temperature, most).before


def batches(ready: Sequence[_Ready]) -> Iterator[list[_Ready]]:
    """Splits jobs into batches: of one temperature and top-p, of `MOST_ROWS` rows, and within everyone's context.

    A batch goes on for as many tokens as its longest completion may have, so each of its rows must have room for them.
    """
    left = list(ready)
    while left:
        batch, others = [left[0]], list[_Ready]()
        for one in left[1:]:
            (batch if _go_together([*batch, one]) else others).append(one)
        yield batch
        left = others


def _go_together(batch: Sequence[_Ready]) -> bool:
    most = _most_tokens(batch)
    return (
        len({(one.job.asked.temperature, one.job.asked.top_p) for one in batch}) == 1
        and sum(len(one.rows) for one in batch) <= MOST_ROWS
        and all(one.room is None or most <= one.room for one in batch)
    )


def _most_tokens(batch: Sequence[_Ready]) -> int:
    return max(row.choice.max_tokens for one in batch for row in one.rows)


def _by_model(jobs: Sequence[Job]) -> dict[str, list[Job]]:
    found: dict[str, list[Job]] = {}
    for job in jobs:
        found.setdefault(job.asked.model, []).append(job)
    return found


def _keys(seed: int, place: int, count: int) -> list[int]:
    from whet.rollout.rng import key

    return [key(seed, "serve", place, sample) for sample in range(count)]


def _failure(error: Exception) -> Failed:
    if isinstance(error, UserError):
        return Failed(str(error), 400)
    logging.getLogger("whet").warning("a request failed: %s", first_line(error))
    return Failed(f"the engine failed with {type(error).__name__}: {first_line(error)}", 500)
