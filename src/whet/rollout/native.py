"""The native sampler: copies the weights, fused, at every `load`; prefills prompts once and batches all rows."""

import logging
import sys
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import torch

from whet.errors import UserError, is_out_of_memory
from whet.rollout.burst import Engine
from whet.rollout.call_size import MOST_ROWS, SampleBytes, calls, halves, rows_that_fit
from whet.rollout.generate import Drawn, generate
from whet.rollout.ladder import Decoding, Ladder
from whet.types import Completion, Finish, Request, SamplingParams, Token

OWN_FORWARD = "the model's own forward"

FreeBytes = Callable[[torch.device], int]


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
        self.free_bytes = free_bytes
        """The memory that is free on a device, in bytes."""
        self.ladder = Ladder(decoding)
        self.engine: Engine | None = None
        self.end_tokens: frozenset[int] = frozenset()

    def load(self, policy: Any) -> None:
        """π_old ← π_θ: copies the weights, or shares them where the model is not supported by the fused decoder."""
        self.engine = None  # frees the last copy before the next is made
        self.end_tokens, self.size = policy.end_tokens(), SampleBytes.of(policy.model)
        self.engine = self.ladder.engine(policy)

    def release(self) -> None:
        """Frees the weights and the KV cache, but for what is small and was recorded for the next `load`."""
        engine, self.engine = self.engine, None
        if engine is not None:
            self.ladder.put_back(engine, self.free_bytes(engine.device))

    def describe(self, policy: Any) -> str:
        """Returns which kind of decoder samples."""
        return "fused decoder" if policy.fused else OWN_FORWARD

    def generate(self, requests: Sequence[Request], params: SamplingParams) -> list[list[Completion]]:
        """Returns for each request one completion per key, in order. Raises `UserError` where no row fits in memory."""
        engine = self._loaded()
        free = self.free_bytes(engine.device) + engine.held_bytes
        most = self.max_rows or MOST_ROWS[engine.device.type]
        rows = rows_that_fit(requests, params.max_tokens, most, self.size, free)
        found: list[list[Completion]] = []
        for call in calls(requests, rows):
            found += self._generate_together(call, params)
        return found

    def stream(self, request: Request, params: SamplingParams) -> Iterator[Token]:
        """Yields the one completion of a request with one key, token by token."""
        for count, drawn in enumerate(self._drawn([request], params), 1):
            ((token,), (logprob,)) = drawn.tokens, drawn.logprobs
            ended: Finish | None = "stop" if token in self.end_tokens else None
            yield Token(token, logprob, ended or ("length" if count == params.max_tokens else None))

    def _loaded(self) -> Engine:
        if self.engine is None:
            raise RuntimeError("a sampler samples between load and release only")
        return self.engine

    def _generate_together(self, requests: Sequence[Request], params: SamplingParams) -> list[list[Completion]]:
        """Samples in one call of the engine, or out of memory in two halves; every request has equally many keys."""
        try:
            return self._sampled(requests, params)
        except Exception as error:  # handled outside, where what the call held is free again
            parts = self._smaller(requests, error)
        self._loaded().forget()
        found = [completions for part in parts for completions in self._generate_together(part, params)]
        if len(found) == len(requests):
            return found
        return [[completion for completions in found for completion in completions]]  # of one request, split

    def _smaller(self, requests: Sequence[Request], error: Exception) -> list[list[Request]]:
        """The halves of a call for which memory did not suffice; raises any other error."""
        rows = sum(len(request.keys) for request in requests)
        if not is_out_of_memory(error):
            raise error
        if rows == 1:
            raise UserError(
                "grpo.sampling.max_tokens: out of memory sampling one response alone; lower it, or name a smaller model"
            ) from error
        self.max_rows = rows // 2
        logging.getLogger("whet").warning(
            "out of memory sampling %d rows at once: going on with %d; responses do not depend on it", rows, rows // 2
        )
        return halves(requests)

    def _sampled(self, requests: Sequence[Request], params: SamplingParams) -> list[list[Completion]]:
        size = len(requests[0].keys)
        rows: list[list[tuple[int, float]]] = [[] for _ in range(len(requests) * size)]
        for drawn in self._drawn(requests, params) if size else ():
            for row, token, logprob in zip(drawn.rows, drawn.tokens, drawn.logprobs, strict=True):
                rows[row].append((token, logprob))
        completions = [self._completion(row) for row in rows]
        return [completions[index * size : (index + 1) * size] for index in range(len(requests))]

    def _drawn(self, requests: Sequence[Request], params: SamplingParams) -> Iterator[Drawn]:
        """Samples; an engine that fails before it has told anything gives way to the next: equal keys, equal tokens."""
        keys_R, told = torch.tensor([request.keys for request in requests]).flatten(), False
        contexts = [request.tokens for request in requests]
        try:
            for drawn in generate(self._loaded(), contexts, keys_R, params, self.end_tokens):
                told = True
                yield drawn
            return
        except Exception as error:
            below = None if told or is_out_of_memory(error) else self.ladder.next_below(self.engine, error)
            if below is None:
                raise
        self.engine = below
        yield from self._drawn(requests, params)

    def _completion(self, drawn: Sequence[tuple[int, float]]) -> Completion:
        tokens, logprobs = zip(*drawn, strict=True)
        return Completion(tokens, logprobs, "stop" if tokens[-1] in self.end_tokens else "length")
