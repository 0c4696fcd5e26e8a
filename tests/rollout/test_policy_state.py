"""Weights as one array: every one arrives, tied ones are sent once, and nobody copies what can be read in place."""

from typing import Any

import pytest
import torch

import tiny
from plainly import logits, trained
from whet.policy.language_model import LanguageModel
from whet.rollout.policy_state import ALIGNED, PolicyState


def state_of(model: Any) -> PolicyState:
    return PolicyState.of(LanguageModel(model, tiny.tiny_tokenizer()))


def arrived(state: PolicyState) -> Any:
    state.data.flags.writeable = False  # as an object store gives it
    model = state.model()
    state.fill(model)
    return model


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
@pytest.mark.parametrize("family", ["llama", "mistral", "gemma3"])
def test_every_weight_arrives(family: str, dtype: torch.dtype) -> None:
    model = tiny.tiny_model(family, dtype=dtype)
    again = arrived(state_of(model))
    assert again.config.model_type == model.config.model_type
    assert not again.training
    assert {name: weight.dtype for name, weight in again.state_dict().items()} == {
        name: weight.dtype for name, weight in model.state_dict().items()
    }
    assert all(torch.equal(again.state_dict()[name], weight) for name, weight in model.state_dict().items())
    if dtype is torch.float32:  # `tiny_model` rounds the angles of positions too, which loading a model does not
        torch.testing.assert_close(logits(again), logits(model), atol=1e-5, rtol=0)


@pytest.mark.parametrize("family", ["llama", "mistral"], ids=["tied", "untied"])
def test_tied_weights_are_sent_once(family: str) -> None:
    model = tiny.tiny_model(family)
    state, bytes_ = state_of(model), [weight.nbytes for weight in model.parameters()]
    assert sum(bytes_) <= state.data.nbytes < sum(bytes_) + ALIGNED * len(bytes_)
    again = arrived(state)
    tied = again.get_input_embeddings().weight.data_ptr() == again.get_output_embeddings().weight.data_ptr()
    assert tied == model.config.tie_word_embeddings


def test_on_a_cpu_weights_are_read_in_place() -> None:
    state = state_of(tiny.tiny_model())
    begin = state.data.ctypes.data
    for weight in arrived(state).parameters():
        assert begin <= weight.data_ptr() < begin + state.data.nbytes
        assert not weight.requires_grad


def test_adapters_come_merged() -> None:
    model = trained()
    again = arrived(state_of(model))
    torch.testing.assert_close(logits(again), logits(model), atol=1e-4, rtol=1e-4)
    with model.disable_adapter():
        assert (logits(again) - logits(model)).abs().max() > 1e-2, "the adapters make no difference"
