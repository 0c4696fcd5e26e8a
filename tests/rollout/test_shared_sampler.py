"""Requests that are shared among engines."""

from collections.abc import Iterator, Sequence
from types import SimpleNamespace
from typing import Any

import pytest

from ranks_in_threads import in_threads
from whet.rollout.shared_sampler import SharedSampler
from whet.types import Completion, Request, SamplingParams, Token


class Echo:
    """An engine whose completions are their contexts, and which remembers what it was asked."""

    def __init__(self) -> None:
        self.asked: list[Request] = []
        self.calls: list[str] = []

    def load(self, policy: Any) -> None:
        self.calls.append("load")

    def generate(self, requests: Sequence[Request], params: SamplingParams) -> list[list[Completion]]:
        self.asked += requests
        return [[Completion((*one.tokens, key), (0.0, 0.0), "stop") for key in one.keys] for one in requests]

    def stream(self, request: Request, params: SamplingParams) -> Iterator[Token]:
        yield Token(request.tokens[0], -0.5, "stop")

    def release(self) -> None:
        self.calls.append("release")


REQUESTS = [Request((place,), (10 * place, 10 * place + 1)) for place in range(5)]


@pytest.mark.parametrize("count", [1, 2, 3, 8])
def test_all_have_what_one_engine_gives_and_each_request_is_sampled_once(count: int) -> None:
    engines = [Echo() for _ in range(count)]

    def generate(processes: Any) -> list[list[Completion]]:
        return SharedSampler(engines[processes.rank], processes).generate(REQUESTS, SamplingParams())

    expected = Echo().generate(REQUESTS, SamplingParams())
    assert in_threads(count, generate) == [expected] * count
    assert sorted((one for engine in engines for one in engine.asked), key=lambda one: one.tokens) == REQUESTS


@pytest.mark.parametrize("is_sharded", [False, True])
def test_each_engine_is_loaded_and_released(is_sharded: bool) -> None:
    engines = [Echo(), Echo()]

    def used(processes: Any) -> list[Token]:
        sampler = SharedSampler(engines[processes.rank], processes)
        sampler.load(SimpleNamespace(is_sharded=is_sharded))
        sampler.release()
        return list(sampler.stream(REQUESTS[3], SamplingParams()))

    assert in_threads(2, used) == [[Token(3, -0.5, "stop")]] * 2  # one response is not shared
    assert [engine.calls for engine in engines] == [["load", "release"]] * 2
