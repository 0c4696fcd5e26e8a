"""A worker of a cluster: it samples what the native engine samples, and follows new weights."""

import os
from itertools import chain
from typing import Any

import pytest

import tiny
from whet import __version__
from whet.policy.language_model import LanguageModel
from whet.rollout.native import NativeSampler
from whet.rollout.policy_state import PolicyState
from whet.rollout.ray_worker import SamplingWorker, native_with
from whet.types import Request, SamplingParams

REQUESTS = [Request((5, 9, 33, 60), (11, -1)), Request((44, 2, 7), (5, 8))]
PARAMS = SamplingParams(max_tokens=8)


@pytest.mark.parametrize("family", ["llama", "mistral"], ids=["tied", "untied"])
@pytest.mark.parametrize("fused", [True, False])
def test_it_draws_what_the_native_engine_draws_and_follows_new_weights(family: str, fused: bool) -> None:
    worker = SamplingWorker(1, on_gpu=False)
    for version, seed in ((1, 0), (2, 3)):
        policy: Any = LanguageModel(tiny.tiny_model(family, seed=seed), tiny.tiny_tokenizer())
        policy, own = policy if fused else policy.without_fast_paths(), NativeSampler()
        own.load(policy)
        state = PolicyState.of(policy)
        state.data.flags.writeable = False  # as an object store gives it
        found, wanted = worker.sample(version, state, REQUESTS, PARAMS), own.generate(REQUESTS, PARAMS)
        for one, other in zip(chain(*found), chain(*wanted), strict=True):
            assert (one.tokens, one.finish) == (other.tokens, other.finish)
            assert one.logprobs == pytest.approx(other.logprobs, abs=1e-5)


def test_weights_of_one_version_are_taken_once() -> None:
    policy = LanguageModel(tiny.tiny_model(), tiny.tiny_tokenizer())
    worker = SamplingWorker(1, on_gpu=False)
    first = worker.sample(1, PolicyState.of(policy), REQUESTS, PARAMS)
    assert worker.sample(1, None, REQUESTS, PARAMS) == first  # type: ignore[arg-type]


def test_it_tells_where_it_lives() -> None:
    name = SamplingWorker(1, on_gpu=False).about()
    assert (name.version, name.pid) == (__version__, os.getpid())
    assert str(name).startswith(f"pid {os.getpid()} on ")


def test_workers_share_the_memory_of_processors_and_have_their_own_of_gpus() -> None:
    import torch

    sampler = native_with("eager", lambda device: 900, 3)
    assert (sampler.free_bytes(torch.device("cpu")), sampler.free_bytes(torch.device("cuda"))) == (300, 900)
    assert sampler.engine_choice.decoding == "eager"
