"""Weights by name, merged and unpacked, against the model that computes with them."""

from pathlib import Path
from typing import Any

import pytest
import torch
import transformers
from safetensors.torch import load_file

import tiny
from plainly import logits, trained, with_lora
from whet.config import LoraConfig
from whet.errors import UserError
from whet.models import weights
from whet.models.lora import add_lora
from whet.models.quantize import quantized
from whet.models.weights import (
    absorb_adapters,
    base_model,
    body,
    checkpoint_weights,
    head_weight,
    merged_weight,
    merged_weights,
)

CPU = torch.device("cpu")


@pytest.mark.parametrize("family", ["llama", "qwen2"])
def test_merged_weights_equal_the_adapted_model(family: str) -> None:
    model = trained(family=family)
    expected = logits(model)
    assert (expected - logits(tiny.tiny_model(family))).abs().max() > 1e-2

    plain = tiny.tiny_model(family, seed=99)
    state = dict(merged_weights(model))
    assert state.keys() == plain.state_dict().keys()
    plain.load_state_dict(state)
    torch.testing.assert_close(logits(plain), expected, atol=1e-5, rtol=0)
    torch.testing.assert_close(logits(model), expected, atol=0, rtol=0)


def test_a_model_without_adapters_gives_its_own_weights(tiny_model: Any) -> None:
    state = dict(merged_weights(tiny_model))
    assert state.keys() == tiny_model.state_dict().keys()
    assert all(torch.equal(state[name], weight) for name, weight in tiny_model.state_dict().items())
    assert state["lm_head.weight"].data_ptr() == tiny_model.lm_head.weight.data_ptr()


def test_the_update_is_alpha_over_rank_times_b_a() -> None:
    model = trained(LoraConfig(rank=4, alpha=6.0, targets=["q_proj"]))
    weights = dict(model.named_parameters())
    base = tiny.tiny_model().state_dict()
    name = "model.layers.1.self_attn.q_proj"
    a, b = (weights[f"base_model.model.{name}.lora_{part}.default.weight"] for part in "AB")
    expected = base[f"{name}.weight"] + 1.5 * b @ a
    torch.testing.assert_close(dict(merged_weights(model))[f"{name}.weight"], expected.detach())


def test_weights_come_one_at_a_time_and_the_model_stays_as_it_is() -> None:
    """No second copy of the model: a merged tensor is made when it is asked for, and let go by whoever asked."""
    model = trained()
    before = {name: tensor.clone() for name, tensor in model.state_dict().items()}
    weights = merged_weights(model)
    assert iter(weights) is weights
    assert all(torch.isfinite(tensor).all() for _, tensor in weights)
    assert all(torch.equal(tensor, before[name]) for name, tensor in model.state_dict().items())


def test_only_what_was_merged_is_a_new_tensor() -> None:
    model = trained(LoraConfig(rank=2, targets=["q_proj"]))
    own = {tensor.data_ptr() for tensor in base_model(model).state_dict().values()}
    fresh = {name for name, tensor in merged_weights(model) if tensor.data_ptr() not in own}
    assert fresh == {f"model.layers.{layer}.self_attn.q_proj.weight" for layer in (0, 1)}


def test_adapters_that_are_switched_off_are_not_merged() -> None:
    model = trained()
    plain = tiny.tiny_model().state_dict()
    with model.disable_adapter():
        weights = dict(merged_weights(model))
    assert weights.keys() == plain.keys()
    assert all(torch.equal(weights[name], plain[name]) for name in plain)


@pytest.mark.parametrize("adapters", [False, True])
def test_four_bits_are_unpacked_under_the_names_of_the_plain_model(adapters: bool) -> None:
    model = quantized(tiny.tiny_model(tie_word_embeddings=False), CPU)
    model = with_trained_adapters(model) if adapters else model
    plain = tiny.tiny_model(seed=99, tie_word_embeddings=False)
    weights = dict(merged_weights(model))
    assert weights.keys() == plain.state_dict().keys()
    assert {tensor.dtype for tensor in weights.values()} == {torch.float32}
    plain.load_state_dict(weights)
    torch.testing.assert_close(logits(plain), logits(model), atol=1e-4, rtol=0)


def with_trained_adapters(model: Any) -> Any:
    adapted = add_lora(model, LoraConfig(rank=3, bits=4))
    with torch.no_grad():
        for name, weight in adapted.named_parameters():
            if "lora_B" in name:
                weight.normal_(std=0.2, generator=torch.Generator().manual_seed(len(name)))
    return adapted.eval()


def test_the_weight_of_a_layer_is_what_the_layer_multiplies_with() -> None:
    """A layer without a bias, at the unit vectors, gives its own matrix."""
    layer = with_lora().base_model.model.model.layers[0].mlp.up_proj
    columns = layer(torch.eye(32)).T.detach()
    torch.testing.assert_close(merged_weight(layer).detach(), columns, atol=1e-5, rtol=0)
    assert (columns - layer.base_layer.weight).abs().max() > 1e-2


def test_the_parts_of_a_model_with_and_without_adapters() -> None:
    plain, adapted = tiny.tiny_model(), with_lora()
    assert base_model(plain) is plain
    assert base_model(adapted) is adapted.get_base_model()
    assert type(base_model(adapted)) is type(plain)
    for model in (plain, adapted):
        assert body(model) is base_model(model).model
        assert head_weight(model) is base_model(model).lm_head.weight


@pytest.mark.parametrize("family", ["Qwen3Moe", "Mixtral"])
def test_adapters_on_experts_are_merged_into_them(family: str) -> None:
    """peft nests a module around the experts for each of their tensors; neither may be lost on the way."""
    counts = {"num_experts" if family == "Qwen3Moe" else "num_local_experts": 4, "num_experts_per_tok": 2}
    size = {"hidden_size": 32, "intermediate_size": 64, "num_hidden_layers": 2, "num_attention_heads": 4}
    config = getattr(transformers, f"{family}Config")(vocab_size=100, num_key_value_heads=2, **size, **counts)
    plain = transformers.AutoModelForCausalLM.from_config(config).eval()
    again = transformers.AutoModelForCausalLM.from_config(config).eval()
    adapted = add_lora(plain, LoraConfig(rank=2)).eval()
    with torch.no_grad():
        for name, weight in adapted.named_parameters():
            if "lora_B" in name:
                weight.normal_(std=0.2)
    again.load_state_dict(dict(merged_weights(adapted)))
    tokens = torch.arange(4, 40)[None]
    with torch.no_grad():
        torch.testing.assert_close(again(tokens).logits, adapted(tokens).logits, atol=1e-4, rtol=1e-4)
        with adapted.disable_adapter():
            assert not torch.allclose(again(tokens).logits, adapted(tokens).logits, atol=1e-2)


@pytest.mark.parametrize("family", ["Qwen3Moe", "Llama"])
def test_weights_of_checkpoints_are_those_that_are_saved(family: str, tmp_path: Path) -> None:
    """By name and value, from a model that was loaded and from one that was not: experts apart from one another."""
    size = {"hidden_size": 32, "intermediate_size": 64, "num_hidden_layers": 1, "num_attention_heads": 4}
    experts = {"num_experts": 4, "num_experts_per_tok": 2, "moe_intermediate_size": 16} if "Moe" in family else {}
    made = getattr(transformers, f"{family}Config")(vocab_size=100, num_key_value_heads=2, **size, **experts)
    model = transformers.AutoModelForCausalLM.from_config(made).eval()
    model.save_pretrained(tmp_path)
    saved = load_file(tmp_path / "model.safetensors")
    assert any("experts.3.down_proj" in name for name in saved) == bool(experts)
    for one in (model, transformers.AutoModelForCausalLM.from_pretrained(tmp_path)):
        found = dict(checkpoint_weights(one))
        assert found.keys() == saved.keys()
        assert all(torch.equal(found[name], saved[name]) for name in saved)


def test_an_adapter_that_no_saved_weight_takes_is_refused_before_training(
    tiny_model: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    layer = tiny_model.model.layers[0].self_attn.q_proj
    monkeypatch.setattr(weights, "_changed", lambda base: {"model.q_proj.weight": layer})
    with pytest.raises(UserError, match=r"model.lora: the adapter on model.q_proj.weight cannot be merged.*targets"):
        weights.refuse_adapters_that_stay(tiny_model)


@pytest.mark.parametrize("tied", [True, False])
def test_absorbed_adapters_leave_a_plain_model_that_computes_the_same(tied: bool) -> None:
    plain = tiny.tiny_model(tie_word_embeddings=tied)
    names = set(plain.state_dict())
    adapted = trained(tie_word_embeddings=tied)
    expected, base = logits(adapted), base_model(adapted)
    found = absorb_adapters(adapted)
    assert found is base, "whoever holds the model has the merged weights"
    torch.testing.assert_close(logits(found), expected, atol=1e-5, rtol=0)
    assert set(found.state_dict()) == names
    assert all(weight.requires_grad for weight in found.parameters())
    assert not hasattr(found, "peft_config")
