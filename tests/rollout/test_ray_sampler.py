"""Shares among workers that may end at any time: none is lost, none comes twice, and all are what one engine draws."""

import logging
from collections import Counter
from collections.abc import Sequence
from typing import Any

import pytest

import tiny
from whet.errors import ProcessLost, UserError
from whet.policy.language_model import LanguageModel
from whet.rollout import ray_sampler
from whet.rollout.native import NativeSampler
from whet.rollout.ray_sampler import RaySampler, WorkerLostError
from whet.rollout.ray_worker import PolicyState, SamplingWorker
from whet.types import Request, SamplingParams

REQUESTS = [Request((5, 9 + place, 33), (place, 100 + place)) for place in range(7)]
PARAMS = SamplingParams(max_tokens=6)


class StandIn:
    """Plays `Cluster` in this process: workers answer in turn, and end when `ends` says so, to be started anew."""

    def __init__(self, count: int, ends: Sequence[int] = (), back_after: int = 1) -> None:
        self.workers = [f"worker {number}" for number in range(count)]
        self.ends, self.back_after = set(ends), back_after
        self.alive: dict[str, Any] = {name: SamplingWorker() for name in self.workers}
        self.missed: Counter[str] = Counter()
        self.calls: list[tuple[str, str, tuple[Any, ...]]] = []
        self.stored: list[PolicyState] = []
        self.samplings = 0

    def put(self, state: PolicyState) -> int:
        self.stored.append(state)
        return len(self.stored) - 1

    def ask(self, worker: str, method: str, *arguments: Any) -> int:
        self.calls.append((worker, method, arguments))
        return len(self.calls) - 1

    def answered(self, handles: Sequence[int], seconds: float) -> list[int]:
        return list(handles)[-1:]  # the youngest first: answers come in any order

    def answer(self, handle: int) -> Any:
        worker, method, arguments = self.calls[handle]
        if method == "ready":
            return self._ready(worker)
        if worker not in self.alive:
            raise WorkerLostError("it is gone")
        self.samplings += 1
        if self.samplings in self.ends:
            del self.alive[worker]
            raise WorkerLostError("killed by signal 9\nstack")
        version, state, requests, params = arguments
        return self.alive[worker].sample(version, self.stored[state], requests, params)

    def _ready(self, worker: str) -> int:
        self.missed[worker] += 1
        if self.missed[worker] < self.back_after:
            raise WorkerLostError("not yet")
        self.alive[worker] = SamplingWorker()  # begun anew, without weights
        return 0


@pytest.fixture(autouse=True)
def _no_waiting(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ray_sampler, "PAUSE", 0.0)


def policy_of(**options: Any) -> LanguageModel:
    return LanguageModel(tiny.tiny_model(**options), tiny.tiny_tokenizer())


def expected(policy: LanguageModel) -> Any:
    own = NativeSampler()
    own.load(policy)
    return [[one.tokens for one in some] for some in own.generate(REQUESTS, PARAMS)]


def tokens(found: Any) -> Any:
    return [[one.tokens for one in some] for some in found]


@pytest.mark.parametrize("count", [1, 2, 3, 8])
def test_any_number_of_workers_draws_what_one_engine_draws(count: int) -> None:
    cluster = StandIn(count)
    sampler, policy = RaySampler(lambda: cluster), policy_of()
    sampler.load(policy)
    assert tokens(sampler.generate(REQUESTS, PARAMS)) == expected(policy)
    assert sampler.generate([], PARAMS) == []
    asked = [request for _, _, given in cluster.calls for request in given[2]]
    assert sorted(asked, key=lambda one: one.keys) == sorted(REQUESTS, key=lambda one: one.keys), "each of them once"


@pytest.mark.parametrize("ends", [(1,), (2, 3), (1, 2, 3, 4, 5), (4, 5)])
def test_what_a_lost_worker_had_is_drawn_again_and_is_the_same(
    ends: tuple[int, ...], caplog: pytest.LogCaptureFixture
) -> None:
    cluster = StandIn(2, ends, back_after=2)
    sampler, policy = RaySampler(lambda: cluster), policy_of()
    sampler.load(policy)
    with caplog.at_level(logging.WARNING, "whet"):
        found = sampler.generate(REQUESTS, PARAMS)
    assert tokens(found) == expected(policy)
    assert sampler.lost == len(ends)
    assert len(caplog.messages) == len(ends)
    assert caplog.messages[0].startswith("a Ray worker ended (killed by signal 9): its responses are drawn again")


def test_every_version_is_one_object_and_new_weights_reach_all() -> None:
    cluster = StandIn(2)
    sampler = RaySampler(lambda: cluster)
    for seed in (0, 5):
        policy = policy_of(seed=seed)
        sampler.load(policy)
        assert tokens(sampler.generate(REQUESTS, PARAMS)) == expected(policy)
        sampler.release()
        with pytest.raises(RuntimeError, match="between load and release"):
            sampler.generate(REQUESTS, PARAMS)
    assert len(cluster.stored) == 2


def test_a_stream_tells_the_completion() -> None:
    sampler, policy = RaySampler(lambda: StandIn(1)), policy_of()
    sampler.load(policy)
    request = Request((5, 9), (3,))
    ((one,),) = sampler.generate([request], PARAMS)
    told = list(sampler.stream(request, PARAMS))
    assert tuple(token.id for token in told) == one.tokens
    assert tuple(token.logprob for token in told) == one.logprobs
    assert [token.finish for token in told] == [None] * (len(told) - 1) + [one.finish]


def test_where_no_worker_comes_back_the_run_ends_and_says_why() -> None:
    cluster = StandIn(2, ends=(1, 2), back_after=10**9)
    sampler = RaySampler(lambda: cluster, patience=0.05)
    sampler.load(policy_of())
    with pytest.raises(
        ProcessLost, match=r"no Ray worker has been left for 0 s \(killed by signal 9\): resume the run"
    ):
        sampler.generate(REQUESTS, PARAMS)


def test_what_a_worker_raises_is_raised() -> None:
    cluster = StandIn(2)
    sampler = RaySampler(lambda: cluster)
    sampler.load(policy_of())

    def raising(*_: Any) -> Any:
        raise UserError("grpo.sampling.max_tokens: out of memory")

    cluster.alive["worker 1"].sample = raising
    with pytest.raises(UserError, match="out of memory"):
        sampler.generate(REQUESTS, PARAMS)


def test_it_says_how_many_sample() -> None:
    assert RaySampler(lambda: StandIn(3)).describe(None) == "3 Ray workers"
