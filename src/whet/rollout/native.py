"""The native sampler: copies the weights, fused, at every `load`; prefills prompts once and batches all rows."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import groupby
from typing import Any

import torch

from whet.rollout.engine.cuda_graph import GraphedDecoder
from whet.rollout.engine.decoder import Decoder
from whet.rollout.engine.fuse import fuse
from whet.rollout.engine.fused_weights import FusedWeights
from whet.rollout.engine.transformers_engine import TransformersEngine
from whet.rollout.generate import Drawn, Engine, generate
from whet.types import Completion, Finish, Request, SamplingParams, Token


class NativeSampler:
    """Plays `Sampler` for any `AutoModelForCausalLM`."""

    def __init__(self, max_rows: int = 128) -> None:
        self.max_rows = max_rows
        """The largest batch of completions, unless one request has more keys."""
        self.engine: Engine | None = None
        self.end_tokens: frozenset[int] = frozenset()

    def load(self, policy: Any) -> None:
        """π_old ← π_θ: copies the weights, or shares them where the model is not supported by the fused decoder."""
        self.release()  # frees the last copy before the next is made
        self.end_tokens = policy.end_tokens()
        self.engine = ENGINES[policy.fused](policy.model)

    def release(self) -> None:
        """Frees the weights and the KV cache."""
        self.engine = None

    def generate(self, requests: Sequence[Request], params: SamplingParams) -> list[list[Completion]]:
        """Returns for each request one completion per key, in order."""
        found: list[list[Completion]] = []
        for size, same in groupby(requests, lambda request: len(request.keys)):  # equally many keys per call
            waiting = list(same)
            per_call = max(self.max_rows // max(size, 1), 1)
            for start in range(0, len(waiting), per_call):
                found += self._generate_together(waiting[start : start + per_call], params)
        return found

    def stream(self, request: Request, params: SamplingParams) -> Iterator[Token]:
        """Yields the one completion of a request with one key, token by token."""
        for count, drawn in enumerate(self._drawn([request], params), 1):
            ((token,), (logprob,)) = drawn.tokens, drawn.logprobs
            ended: Finish | None = "stop" if token in self.end_tokens else None
            yield Token(token, logprob, ended or ("length" if count == params.max_tokens else None))

    def _drawn(self, requests: Sequence[Request], params: SamplingParams) -> Iterator[Drawn]:
        if self.engine is None:
            raise RuntimeError("a sampler samples between load and release only")
        keys_R = torch.tensor([request.keys for request in requests]).flatten()
        contexts = [request.tokens for request in requests]
        return generate(self.engine, contexts, keys_R, params, self.end_tokens)

    def _generate_together(self, requests: Sequence[Request], params: SamplingParams) -> list[list[Completion]]:
        """Samples in one call of the engine; every request has equally many keys."""
        size = len(requests[0].keys)
        rows: list[list[tuple[int, float]]] = [[] for _ in range(len(requests) * size)]
        for drawn in self._drawn(requests, params) if size else ():
            for row, token, logprob in zip(drawn.rows, drawn.tokens, drawn.logprobs, strict=True):
                rows[row].append((token, logprob))
        completions = [self._completion(row) for row in rows]
        return [completions[index * size : (index + 1) * size] for index in range(len(requests))]

    def _completion(self, drawn: Sequence[tuple[int, float]]) -> Completion:
        tokens, logprobs = zip(*drawn, strict=True)
        return Completion(tokens, logprobs, "stop" if tokens[-1] in self.end_tokens else "length")


def fused_decoder(model: Any) -> Engine:
    """Returns the fused decoder, with CUDA graphs on a GPU."""
    weights = fuse(model)
    return DECODERS[weights.embedding.device.type](weights)


DECODERS: Mapping[str, Callable[[FusedWeights], Engine]] = {"cpu": Decoder, "cuda": GraphedDecoder}
"""By device type."""

ENGINES: Mapping[bool, Callable[[Any], Engine]] = {True: fused_decoder, False: TransformersEngine}
"""By `LanguageModel.fused`: whether the fast paths support the model."""
