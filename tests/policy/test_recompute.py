"""Computing layers again gives the same gradient from less memory."""

from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from typing import Any

import pytest
import torch

import tiny
from batches import ragged_batch
from plainly import LENGTHS, saved_bytes, with_lora
from whet.policy import recompute as activations
from whet.policy.activation_room import SHARE
from whet.policy.activations import bytes_per_token
from whet.policy.forward import FORWARDS, padded, shared_prefix
from whet.policy.recompute import recomputed, within_memory


@pytest.fixture
def no_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(activations, "free_bytes", lambda device: 0)


@contextmanager
def watched(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[int]]:
    """How often layers were computed again."""
    calls: list[int] = []
    real = activations.checkpoint
    with monkeypatch.context() as patch:
        patch.setattr(activations, "checkpoint", lambda *a, **k: (calls.append(1), real(*a, **k))[1])
        yield calls


@pytest.mark.parametrize("forward", [shared_prefix, padded])
@pytest.mark.parametrize("family", [*tiny.FAMILIES, "lora"])
def test_the_gradient_is_the_same_and_less_is_kept(family: str, forward: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    model = with_lora() if family == "lora" else tiny.tiny_model(family, num_hidden_layers=2)
    batch = ragged_batch(*LENGTHS)
    learned = [weight for weight in model.parameters() if weight.requires_grad]
    kept = saved_bytes(model, lambda: forward(model, batch, 1.0))
    expected = torch.autograd.grad(forward(model, batch, 1.0).sum(), learned)
    with watched(monkeypatch) as calls:
        monkeypatch.setattr(activations, "free_bytes", lambda device: 0)
        found = torch.autograd.grad(forward(model, batch, 1.0).sum(), learned)
        assert len(calls) == 2
    torch.testing.assert_close(found, expected, rtol=1e-5, atol=1e-6)
    assert saved_bytes(model, lambda: forward(model, batch, 1.0)) < 0.6 * kept


def test_memory_is_kept_where_it_suffices(monkeypatch: pytest.MonkeyPatch) -> None:
    model = tiny.tiny_model()
    enough = 100 * bytes_per_token(model, False) / SHARE
    with watched(monkeypatch) as calls:
        for free, again in ((enough + 1, 0), (enough - 1000, 2)):
            monkeypatch.setattr(activations, "free_bytes", lambda device, free=free: free)
            calls.clear()
            with within_memory(model, 100):
                model(torch.tensor([[5, 6, 7]]))
            assert len(calls) == again


@pytest.mark.usefixtures("no_memory")
def test_nothing_is_computed_again_without_a_backward(monkeypatch: pytest.MonkeyPatch) -> None:
    model = tiny.tiny_model()
    with watched(monkeypatch) as calls, torch.no_grad():
        FORWARDS[True](model, ragged_batch(*LENGTHS), 1.0)
    assert not calls


def test_the_model_is_as_it_was_afterwards() -> None:
    """In eval mode throughout, also while layers are computed again: no dropout."""
    model = tiny.tiny_model(attention_dropout=0.5)
    layer = model.model.layers[0]
    with recomputed(model):
        assert "forward" in vars(layer)
        assert not any(module.training for module in model.modules())
    assert not any("forward" in vars(module) for module in model.modules())


def test_a_forward_that_a_layer_was_given_is_recomputed_and_stays() -> None:
    model = tiny.tiny_model()
    layer = model.model.layers[0]
    given = layer.forward = partial(type(layer).forward, layer)
    with recomputed(model):
        assert layer.forward is not given
    assert layer.forward is given
