"""Families in GGUF: what is refused, and how weights change."""

from typing import Any

import numpy as np
import pytest
import torch

import tiny
from export.models_to_export import GEMMA
from models.tiny_gguf import interleaved
from whet.errors import UserError
from whet.export.gguf_family import FAMILIES, family_of, interleave, rope_factors


def settings(family: str = "llama", **changes: Any) -> dict[str, Any]:
    found: dict[str, Any] = tiny.tiny_config(family, **changes).to_dict()
    return found


@pytest.mark.parametrize(("family", "name"), [("llama", "llama"), ("qwen2", "qwen2"), ("qwen3", "qwen3")])
def test_a_family_goes_by_llama_cpps_name(family: str, name: str) -> None:
    assert family_of(settings(family)).architecture == name


def test_gemma_is_taken_in_its_own_pattern_of_layers_only() -> None:
    assert family_of(settings("gemma3", **GEMMA)).architecture == "gemma3"
    with pytest.raises(UserError, match=r"layers that do not slide 5 of 6"):
        family_of(settings("gemma3"))
    with pytest.raises(UserError, match=r"query_pre_attn_scalar 256, which is not head_dim"):
        family_of(settings("gemma3", **GEMMA, query_pre_attn_scalar=256))
    with pytest.raises(UserError, match=r"capped logits"):
        family_of(settings("gemma3", **GEMMA, final_logit_softcapping=30.0))


def test_what_llama_cpp_computes_otherwise_is_refused() -> None:
    with pytest.raises(UserError, match=r"written for llama, qwen2, qwen3, gemma3_text, not gpt2; export --kind hf"):
        family_of({"model_type": "gpt2"})
    with pytest.raises(UserError, match=r"sliding windows of this family"):
        family_of(settings("qwen2") | {"layer_types": ["full_attention", "sliding_attention"]})
    with pytest.raises(UserError, match=r"rotary scaling of type dynamic"):
        family_of(settings() | {"rope_parameters": {"rope_type": "dynamic", "rope_theta": 1e4, "factor": 2.0}})


@pytest.mark.parametrize("heads", [1, 2, 4])
def test_rows_of_a_head_are_paired(heads: int) -> None:
    weight = torch.arange(32 * 3).reshape(32, 3)
    np.testing.assert_array_equal(interleave(weight, heads).numpy(), interleaved(weight.numpy(), heads))


def test_two_heads_by_hand() -> None:
    assert interleave(torch.tensor([0, 1, 2, 3, 10, 11, 12, 13]), 2).tolist() == [0, 2, 1, 3, 10, 12, 11, 13]


def test_only_the_weights_that_a_family_changes_are_changed() -> None:
    config, weight = settings(), torch.randn(32, 32)
    llama, qwen, gemma = FAMILIES["llama"], FAMILIES["qwen2"], FAMILIES["gemma3_text"]
    query, key, value = (f"model.layers.0.self_attn.{name}_proj.weight" for name in "qkv")
    assert torch.equal(llama.weight(query, weight, config), interleave(weight, 4))
    assert torch.equal(llama.weight(key, weight[:16], config), interleave(weight[:16], 2))
    for family, name in ((llama, value), (qwen, query), (gemma, query)):
        assert torch.equal(family.weight(name, weight, config), weight)
    norm = torch.tensor([0.5, -1.0], dtype=torch.bfloat16)
    assert gemma.weight("model.layers.0.self_attn.q_norm.weight", norm, config).tolist() == [1.5, 0.0]
    assert torch.equal(llama.weight("model.norm.weight", norm, config), norm)


def test_rotary_factors_are_those_by_which_transformers_divides() -> None:
    """Independent: the inverse frequencies that transformers computes for Llama 3, beside those without scaling."""
    scaled = {"rope_type": "llama3", "factor": 8.0, "low_freq_factor": 1.0, "high_freq_factor": 4.0}
    scaled |= {"rope_theta": 1e4, "original_max_position_embeddings": 64}
    plain = tiny.tiny_model(head_dim=16).model.rotary_emb.inv_freq
    model = tiny.tiny_model(head_dim=16, rope_parameters=scaled).model.rotary_emb.inv_freq
    found = rope_factors(settings(head_dim=16, rope_parameters=scaled))
    torch.testing.assert_close(torch.tensor(found), plain / model, rtol=1e-4, atol=0)
    assert len({round(factor, 3) for factor in found or ()}) > 2, "some stay, some are divided by 8, one lies between"
    assert rope_factors(settings()) is None
