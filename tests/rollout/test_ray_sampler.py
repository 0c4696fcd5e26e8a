"""Sampling by workers elsewhere: any number of them draws what one engine draws, with the weights of the last load."""

import gc
from typing import Any

import pytest

import tiny
from stand_in_ray import StandInCluster
from whet.errors import ProcessLost, UserError
from whet.policy.language_model import LanguageModel
from whet.rollout.native import NativeSampler
from whet.rollout.ray_sampler import RaySampler
from whet.types import Request, SamplingParams

REQUESTS = [Request((5, 9 + place, 33), (place, 100 + place)) for place in range(7)]
PARAMS = SamplingParams(max_tokens=6)


def policy_of(**options: Any) -> LanguageModel:
    return LanguageModel(tiny.tiny_model(**options), tiny.tiny_tokenizer())


def sampler_of(cluster: StandInCluster) -> RaySampler:
    return RaySampler(lambda policy: cluster, late=60)


def expected(policy: LanguageModel) -> Any:
    own = NativeSampler()
    own.load(policy)
    return tokens(own.generate(REQUESTS, PARAMS))


def tokens(found: Any) -> Any:
    return [[one.tokens for one in some] for some in found]


@pytest.mark.parametrize("count", [1, 2, 3, 8])
def test_any_number_of_workers_draws_what_one_engine_draws(count: int) -> None:
    cluster = StandInCluster(count)
    sampler, policy = sampler_of(cluster), policy_of()
    sampler.load(policy)
    assert tokens(sampler.generate(REQUESTS, PARAMS)) == expected(policy)
    assert sampler.generate([], PARAMS) == []
    assert len(cluster.calls) == min(count, 7), "one share for each worker"
    asked = [request for _, _, given in cluster.calls for request in given[2]]
    assert sorted(asked, key=lambda one: one.keys) == sorted(REQUESTS, key=lambda one: one.keys), "each of them once"


def test_every_version_is_one_object_and_new_weights_reach_all() -> None:
    cluster = StandInCluster(2)
    sampler = sampler_of(cluster)
    for seed in (0, 5):
        policy = policy_of(seed=seed)
        sampler.load(policy)
        assert tokens(sampler.generate(REQUESTS, PARAMS)) == expected(policy)
        assert tokens(sampler.generate(REQUESTS, PARAMS)) == expected(policy)
        sampler.release()
        with pytest.raises(RuntimeError, match="between load and release"):
            sampler.generate(REQUESTS, PARAMS)
    assert len(cluster.stored) == 2


def test_a_lost_worker_stays_lost_until_it_answers_and_is_asked_for_nothing() -> None:
    cluster = StandInCluster(2, ends=(1,), back_after=3)
    sampler, policy = sampler_of(cluster), policy_of()
    sampler.load(policy)
    assert tokens(sampler.generate(REQUESTS, PARAMS)) == expected(policy)
    assert tokens(sampler.generate(REQUESTS, PARAMS)) == expected(policy)
    assert sampler.lost == 1
    assert not [call for call in cluster.calls if call[1] == "sample" and call[0] not in cluster.alive]


def test_a_stream_tells_the_completion() -> None:
    sampler = sampler_of(StandInCluster(1))
    sampler.load(policy_of())
    request = Request((5, 9), (3,))
    ((one,),) = sampler.generate([request], PARAMS)
    told = list(sampler.stream(request, PARAMS))
    assert tuple(token.id for token in told) == one.tokens
    assert tuple(token.logprob for token in told) == one.logprobs
    assert [token.finish for token in told] == [None] * (len(told) - 1) + [one.finish]


def test_what_a_worker_raises_is_raised() -> None:
    cluster = StandInCluster(2)
    sampler = sampler_of(cluster)
    sampler.load(policy_of())

    def raising(*_: Any) -> Any:
        raise UserError("grpo.sampling.max_tokens: out of memory")

    cluster.alive["worker 1"].sample = raising
    with pytest.raises(UserError, match="out of memory"):
        sampler.generate(REQUESTS, PARAMS)


def test_a_lost_head_ends_the_run_at_the_next_load_and_while_it_samples() -> None:
    cluster = StandInCluster(1)
    sampler = sampler_of(cluster)
    sampler.load(policy_of())
    cluster.has_head = False
    for what in (lambda: sampler.generate(REQUESTS, PARAMS), lambda: sampler.load(policy_of())):
        with pytest.raises(ProcessLost, match="the head is gone"):
            what()


OWN = "model's own forward in 3 Ray workers"


@pytest.mark.parametrize(("count", "fused", "said"), [(1, True, "fused decoder in 1 Ray worker"), (3, False, OWN)])
def test_it_says_how_many_sample_and_how(count: int, fused: bool, said: str) -> None:
    policy = policy_of() if fused else policy_of().without_fast_paths()
    assert sampler_of(StandInCluster(count)).describe(policy).endswith(said)


def test_a_sampler_that_is_dropped_closes_its_cluster() -> None:
    cluster = StandInCluster(1)
    sampler = sampler_of(cluster)
    sampler.load(policy_of())
    assert not cluster.closed
    del sampler
    gc.collect()
    assert cluster.closed == 1
