"""The fused copy computes what the model computes, and does not see what becomes of the model."""

from collections.abc import Callable
from typing import Any

import pytest
import torch
from torch import Tensor

import tiny
from plainly import with_lora
from whet.rollout.engine.decoder import Decoder
from whet.rollout.engine.fuse import fuse

PROMPT = [5, 9, 33, 60, 71]


def by_decoder(weights: Any) -> Tensor:
    """Logits after the prompt and one more token."""
    decoder = Decoder(weights)
    return torch.cat([decoder.start([PROMPT], 1, 2), decoder.advance(torch.tensor([8]))])


@torch.no_grad()
def by_model(model: Any) -> Tensor:
    logits: Tensor = model(torch.tensor([[*PROMPT, 8]]), use_cache=False).logits[0, -2:]
    return logits


@pytest.mark.parametrize("family", tiny.FAMILIES)
@pytest.mark.parametrize("tied", [True, False])
def test_the_copy_computes_what_the_model_computes(family: str, tied: bool) -> None:
    model = tiny.tiny_model(family, tie_word_embeddings=tied)
    torch.testing.assert_close(by_decoder(fuse(model)), by_model(model), rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize("family", tiny.FAMILIES)
def test_adapters_are_merged_in(family: str) -> None:
    model = with_lora(family)
    assert (by_model(model) - by_model(tiny.tiny_model(family))).abs().max() > 0.5
    torch.testing.assert_close(by_decoder(fuse(model)), by_model(model), rtol=1e-4, atol=1e-4)


def test_merging_leaves_the_model_as_it_was() -> None:
    model = with_lora()
    before = {name: tensor.clone() for name, tensor in model.state_dict().items()}
    fuse(model)
    assert all(torch.equal(tensor, before[name]) for name, tensor in model.state_dict().items())


def test_adapters_that_are_off_are_left_out() -> None:
    """The untrained model answers beside the trained one by switching adapters off."""
    model = with_lora()
    with model.disable_adapter():
        weights = fuse(model)
    base = by_model(tiny.tiny_model())
    torch.testing.assert_close(by_decoder(weights), base, rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
@pytest.mark.parametrize(
    "make",
    [
        lambda dtype: tiny.tiny_model("llama", dtype=dtype),
        lambda dtype: tiny.tiny_model("llama", dtype=dtype, tie_word_embeddings=False, attention_bias=True),
        lambda dtype: tiny.tiny_model("qwen2", dtype=dtype),
        lambda dtype: tiny.tiny_model("qwen3", dtype=dtype),
        lambda dtype: tiny.tiny_model("gemma3", dtype=dtype),
        lambda dtype: with_lora("llama").to(dtype),
    ],
    ids=["tied", "untied, biases", "qwen2", "qwen3", "gemma3", "lora"],
)
def test_the_copy_does_not_see_later_changes_of_any_weight(
    make: Callable[[torch.dtype], Any], dtype: torch.dtype
) -> None:
    """π_old stays while π_θ learns: embedding, head, norms, biases, projections, adapters, one by one."""
    model = make(dtype)
    weights = fuse(model)
    before = by_decoder(weights)
    for name, weight in model.named_parameters():
        with torch.no_grad():
            weight.add_(1.0)
        assert torch.equal(by_decoder(weights), before), name
    assert not torch.allclose(by_decoder(fuse(model)), before, atol=0.1)


def test_the_copy_needs_no_gradient() -> None:
    weights = fuse(tiny.tiny_model())
    assert not weights.embedding.requires_grad
    assert not by_decoder(weights).requires_grad
