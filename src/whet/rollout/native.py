"""The native sampler: copies the weights, fused, at every `load`; prefills prompts once and batches all rows."""

import logging
import sys
from collections.abc import Callable, Generator, Iterator, Sequence
from dataclasses import replace
from itertools import groupby
from typing import Any

import torch

from whet.errors import UserError, is_out_of_memory
from whet.rollout.burst import Engine
from whet.rollout.call_size import MOST_ROWS, CallLimits, OutOfMemoryError, SampleBytes, halves
from whet.rollout.engine_choice import Decoding, EngineChoice
from whet.rollout.generate import Drawn, generate
from whet.types import Completion, Finish, Request, SamplingParams, Token

OWN_FORWARD = "the model's own forward"

Ended = Callable[[int, Completion], object]
"""Is told of the completion of a key, in the thread that samples."""

FreeBytes = Callable[[torch.device], int]

Rows = list[list[tuple[int, float]]]
"""Of each row its tokens, with their log-probabilities."""


def unlimited(_device: torch.device) -> int:
    """Stands for memory without a limit."""
    return sys.maxsize


class NativeSampler:
    """Plays `Sampler` for any `AutoModelForCausalLM`."""

    def __init__(
        self, max_rows: int | None = None, decoding: Decoding = "auto", free_bytes: FreeBytes = unlimited
    ) -> None:
        self.max_rows = max_rows
        """The largest batch of completions, unless one request has more keys; by default what suits the device."""
        self.fitting_rows = sys.maxsize
        """The most rows at a time, of one request too, since memory did not suffice for twice as many."""
        self.free_bytes = free_bytes
        """The memory that is free on a device, in bytes."""
        self.ended: Ended | None = None
        """Is told of each completion when it ends, while others are still sampled; of some twice, after an error."""
        self.engine_choice = EngineChoice(decoding)
        self.engine: Engine | None = None
        self.end_tokens: frozenset[int] = frozenset()

    def load(self, policy: Any) -> None:
        """π_old ← π_θ: copies the weights, or shares them where the model is not supported by the fused decoder."""
        self.engine = None  # frees the last copy before the next is made
        self.end_tokens, self.size = policy.end_tokens(), SampleBytes.of(policy.model)
        self.engine = self.engine_choice.engine(policy)

    def release(self) -> None:
        """Frees the weights and the KV cache, but for what is small and was recorded for the next `load`."""
        engine, self.engine = self.engine, None
        if engine is not None:
            self.engine_choice.put_back(engine, self.free_bytes(engine.device))

    def describe(self, policy: Any) -> str:
        """Returns which kind of decoder samples."""
        return "fused decoder" if policy.fused else OWN_FORWARD

    def generate(self, requests: Sequence[Request], params: SamplingParams) -> list[list[Completion]]:
        """Returns for each request one completion per key, in order. Raises `UserError` where no row fits in memory."""
        engine = self._loaded()
        free = self.free_bytes(engine.device) + engine.held_bytes
        most = min(self.max_rows or MOST_ROWS[engine.device.type], self.fitting_rows)
        size = replace(self.size, page=engine.page_tokens)
        limits = CallLimits.of(requests, params.max_tokens, most, size, free)
        if not engine.refill_threshold:
            limits = limits.full_rows(requests, params.max_tokens)
        found: list[list[Completion]] = []
        for _, some in groupby(requests, lambda request: len(request.keys)):
            found += self._generate_together(list(some), params, limits)
        return found

    def stream(self, request: Request, params: SamplingParams) -> Iterator[Token]:
        """Yields the one completion of a request with one key, token by token."""
        for count, drawn in enumerate(self.drawn([request], params, CallLimits(1)), 1):
            ((token,), (logprob,)) = drawn.tokens, drawn.logprobs
            ended: Finish | None = "stop" if token in self.end_tokens else None
            yield Token(token, logprob, ended or ("length" if count == params.max_tokens else None))

    def drawn(
        self, requests: Sequence[Request], params: SamplingParams, limits: CallLimits | None = None
    ) -> Generator[Drawn, None, None]:
        """Yields the tokens of each position of all rows, within limits, by default all of them together.

        Rows of a request are neighbours, and each request has as many keys. An engine that fails before it has told
        anything gives way to the next: equal keys, equal tokens. Whoever stops reading closes the iterator: it holds
        the engine. Raises as `whet.rollout.generate.generate`, and `RuntimeError` where no model is loaded.
        """
        keys_R, told = torch.tensor([request.keys for request in requests]).flatten(), False
        contexts = [request.tokens for request in requests]
        try:
            for drawn in generate(self._loaded(), contexts, keys_R, params, self.end_tokens, limits):
                told = True
                yield drawn
            return
        except Exception as error:
            below = None if told or is_out_of_memory(error) else self.engine_choice.next_slower(self.engine, error)
            if below is None:
                raise
        self.engine = below
        yield from self.drawn(requests, params, limits)

    def _loaded(self) -> Engine:
        if self.engine is None:
            raise RuntimeError("a sampler samples between load and release only")
        return self.engine

    def _generate_together(
        self, requests: Sequence[Request], params: SamplingParams, limits: CallLimits
    ) -> list[list[Completion]]:
        """Samples requests of equally many keys within limits; out of memory goes on with half of the rows."""
        if not requests:
            return []
        if len(requests[0].keys) > self.fitting_rows:
            return [self._in_halves(request, params, limits) for request in requests]
        rows: Rows = [[] for request in requests for _ in request.keys]
        try:
            self._sample(requests, params, limits, rows)
        except OutOfMemoryError as error:  # handled outside, where what the call held is free again
            limits = self._fewer(limits, error)
        else:
            return self._completions(len(requests), rows)
        self._loaded().forget()
        return self._went_on(requests, params, limits, rows)

    def _went_on(
        self, requests: Sequence[Request], params: SamplingParams, limits: CallLimits, rows: Rows
    ) -> list[list[Completion]]:
        """Samples again the requests of which some `rows` have not ended."""
        size = len(requests[0].keys)
        there = [
            self._completions(1, some) if all(self._has_ended(row, params) for row in some) else None
            for some in (rows[at : at + size] for at in range(0, len(rows), size))
        ]
        again = [request for request, found in zip(requests, there, strict=True) if found is None]
        fresh = iter(self._generate_together(again, params, limits))
        return [next(fresh) if found is None else found[0] for found in there]

    def _in_halves(self, request: Request, params: SamplingParams, limits: CallLimits) -> list[Completion]:
        """Samples a request, first one half of its keys and then the other."""
        parts = [self._generate_together([half], params, limits) for half in halves(request)]
        return [completion for (part,) in parts for completion in part]

    def _fewer(self, limits: CallLimits, error: OutOfMemoryError) -> CallLimits:
        """The limits to go on with where memory did not suffice."""
        rows = error.rows
        if rows == 1:
            raise UserError(
                "grpo.sampling.max_tokens: out of memory sampling one response alone; lower it, or name a smaller model"
            ) from error
        self.fitting_rows = rows // 2
        logging.getLogger("whet").warning(
            "out of memory sampling %d rows at once: going on with %d; responses do not depend on it", rows, rows // 2
        )
        return limits.halved(rows)

    def _sample(self, requests: Sequence[Request], params: SamplingParams, limits: CallLimits, rows: Rows) -> None:
        """Appends to each row what is drawn for it; empties those that begin again."""
        keys = [key for request in requests for key in request.keys]
        for drawn in self.drawn(requests, params, limits) if rows else ():
            for row in drawn.again:
                rows[row].clear()
            for row, token, logprob in zip(drawn.rows, drawn.tokens, drawn.logprobs, strict=True):
                rows[row].append((token, logprob))
                if self.ended and self._has_ended(rows[row], params):
                    self.ended(keys[row], self._completion(rows[row]))

    def _completions(self, requests: int, rows: Rows) -> list[list[Completion]]:
        """The completions of each of so many requests."""
        completions, size = [self._completion(row) for row in rows], len(rows) // requests
        return [completions[index * size : (index + 1) * size] for index in range(requests)]

    def _has_ended(self, row: Sequence[tuple[int, float]], params: SamplingParams) -> bool:
        return bool(row) and (len(row) == params.max_tokens or row[-1][0] in self.end_tokens)

    def _completion(self, drawn: Sequence[tuple[int, float]]) -> Completion:
        tokens, logprobs = zip(*drawn, strict=True)
        return Completion(tokens, logprobs, "stop" if tokens[-1] in self.end_tokens else "length")
