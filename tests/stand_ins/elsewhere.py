"""A second engine: the native one in a thread of its own, behind a queue. Nothing but plain values crosses."""

import queue
import threading
from collections.abc import Iterator, Sequence
from concurrent.futures import Future
from typing import Any

from whet.rollout.native import NativeSampler
from whet.types import Completion, Request, SamplingParams, Token


class ElsewhereSampler:
    """Plays `Sampler` as vLLM or a Ray actor would: it is told what to do, and answers with plain values."""

    made = 0
    """How many there have been: a run must have one."""

    def __init__(self) -> None:
        type(self).made += 1
        self.calls: list[str] = []
        self._orders: queue.Queue[tuple[str, tuple[Any, ...], Future[Any]]] = queue.Queue()
        threading.Thread(target=self._serve, daemon=True).start()

    def load(self, policy: Any) -> None:
        self._order("load", policy)

    def generate(self, requests: Sequence[Request], params: SamplingParams) -> list[list[Completion]]:
        plain = [(list(request.tokens), list(request.keys)) for request in requests]
        found: list[list[Completion]] = self._order("generate", plain, params)
        return found

    def stream(self, request: Request, params: SamplingParams) -> Iterator[Token]:
        yield from self._order("stream", request, params)

    def release(self) -> None:
        self._order("release")

    def describe(self, policy: Any) -> str:
        return "an engine elsewhere"

    def _order(self, name: str, *arguments: Any) -> Any:
        self.calls.append(name)
        answer: Future[Any] = Future()
        self._orders.put((name, arguments, answer))
        return answer.result()

    def _serve(self) -> None:
        engine = NativeSampler()

        def generate(plain: list[tuple[list[int], list[int]]], params: SamplingParams) -> list[list[Completion]]:
            return engine.generate([Request(tuple(tokens), tuple(keys)) for tokens, keys in plain], params)

        orders = {
            "load": engine.load,
            "generate": generate,
            "stream": lambda request, params: list(engine.stream(request, params)),
            "release": engine.release,
        }
        while True:
            name, arguments, answer = self._orders.get()
            try:
                answer.set_result(orders[name](*arguments))
            except Exception as error:
                answer.set_exception(error)
