"""A worker of a cluster: its weights come as one array, and it samples what the native engine samples."""

from typing import Any

import pytest
import torch

import tiny
from plainly import logits, trained
from whet.policy.language_model import LanguageModel
from whet.rollout.native import NativeSampler
from whet.rollout.ray_worker import PolicyState, SamplingWorker
from whet.types import Request, SamplingParams

REQUESTS = [Request((5, 9, 33, 60), (11, -1)), Request((44,), (5, 8))]
PARAMS = SamplingParams(max_tokens=8)


def policy_of(model: Any) -> LanguageModel:
    return LanguageModel(model, tiny.tiny_tokenizer())


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
@pytest.mark.parametrize("family", ["llama", "mistral"], ids=["tied", "untied"])
def test_one_array_carries_every_weight(family: str, dtype: torch.dtype) -> None:
    model = tiny.tiny_model(family, dtype=dtype)
    state = PolicyState.of(policy_of(model))
    assert state.data.dtype == "uint8"
    assert state.data.nbytes == sum(weight.nbytes for weight in model.state_dict().values())
    state.data.flags.writeable = False  # as an object store gives it
    again = state.model()
    again.load_state_dict(state.weights())
    assert again.config.model_type == model.config.model_type
    assert all(torch.equal(again.state_dict()[name], weight) for name, weight in model.state_dict().items())
    if dtype is torch.float32:
        assert torch.equal(logits(again), logits(model))


def test_adapters_come_merged() -> None:
    model = trained()
    again = PolicyState.of(policy_of(model)).model()
    again.load_state_dict(PolicyState.of(policy_of(model)).weights())
    torch.testing.assert_close(logits(again), logits(model), atol=1e-4, rtol=1e-4)


def test_it_draws_what_the_native_engine_draws_and_follows_new_weights() -> None:
    worker = SamplingWorker()
    assert worker.ready() == 0
    for version, seed in ((1, 0), (2, 3)):
        policy, own = policy_of(tiny.tiny_model(seed=seed)), NativeSampler()
        own.load(policy)
        assert worker.sample(version, PolicyState.of(policy), REQUESTS, PARAMS) == own.generate(REQUESTS, PARAMS)
        assert worker.ready() == version


def test_weights_of_one_version_are_taken_once() -> None:
    worker, state = SamplingWorker(), PolicyState.of(policy_of(tiny.tiny_model()))
    first = worker.sample(1, state, REQUESTS, PARAMS)
    assert worker.sample(1, None, REQUESTS, PARAMS) == first  # type: ignore[arg-type]
