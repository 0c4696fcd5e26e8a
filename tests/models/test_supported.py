"""Which models take the fast paths, and what their layers see."""

from typing import Any

import pytest
import torch

import tiny
from plainly import with_lora
from whet.models.supported import (
    is_fused,
    layer_kinds,
    logit_divisor,
    rotations,
    why_not_fused,
    windows,
)


@pytest.mark.parametrize("family", tiny.FAMILIES)
def test_the_families_with_adapters_or_without(family: str) -> None:
    assert is_fused(tiny.tiny_model(family))
    assert is_fused(with_lora(family))


@pytest.mark.parametrize(
    ("family", "changes"),
    [
        ("gemma3", {"attn_logit_softcapping": 50.0}),
        ("gemma3", {"final_logit_softcapping": 30.0}),
        ("gemma3", {"use_bidirectional_attention": True}),
        ("qwen2", {"layer_types": ["full_attention", "chunked_attention"]}),
    ],
    ids=str,
)
def test_what_the_decoder_does_not_compute_is_not_fused(family: str, changes: dict[str, Any]) -> None:
    assert not is_fused(tiny.tiny_model(family, **changes))
    assert not is_fused(with_lora(family, **changes))


ROTATIONS = {
    "linear": {"factor": 4.0},
    "llama3": {
        "factor": 8.0,
        "low_freq_factor": 1.0,
        "high_freq_factor": 4.0,
        "original_max_position_embeddings": 64,
    },
    "yarn": {"factor": 4.0, "original_max_position_embeddings": 64},
    "dynamic": {"factor": 2.0},
    "longrope": {
        "short_factor": [1.0] * 4,
        "long_factor": [2.0] * 4,
        "factor": 2.0,
        "original_max_position_embeddings": 64,
    },
}


def turning(rope_type: str, family: str = "llama") -> Any:
    """A model with that kind of rotary embedding."""
    settings = {"rope_type": rope_type, "rope_theta": 10_000.0, **ROTATIONS.get(rope_type, {})}
    return tiny.tiny_model(family, rope_parameters=settings)


@pytest.mark.parametrize("rope_type", ["default", *ROTATIONS])
def test_angles_that_depend_on_the_length_are_not_fused(rope_type: str) -> None:
    """A longer sequence would turn the keys anew that are cached already; and its length is read on the host."""
    model = turning(rope_type)
    assert is_fused(model) is (rope_type not in ("dynamic", "longrope"))


@pytest.mark.parametrize("rope_type", ["default", "linear", "llama3", "yarn"])
def test_the_angles_of_the_fast_paths_never_wait_for_the_host(rope_type: str) -> None:
    """On the meta device, whose numbers nobody can read: what a GPU could not record."""
    with torch.device("meta"):
        model, positions = turning(rope_type), torch.zeros(1, 3, dtype=torch.long)
        assert is_fused(model)
        assert model.model.rotary_emb(torch.zeros(1), positions)[0].is_meta


def test_dynamic_angles_do_wait() -> None:
    with torch.device("meta"), pytest.raises(RuntimeError):
        turning("dynamic").model.rotary_emb(torch.zeros(1), torch.zeros(1, 3, dtype=torch.long))


def test_one_kind_of_attention_with_such_angles_is_enough() -> None:
    rope = {"rope_type": "default", "rope_theta": 10_000.0}
    changes = {"full_attention": {**rope, "rope_type": "dynamic", "factor": 2.0}, "sliding_attention": rope}
    model = tiny.tiny_model("gemma3")
    model.config.rope_parameters = changes
    assert rotations(model.config) == {"default", "dynamic"}
    assert not is_fused(model)


def test_another_block_is_not_fused() -> None:
    model = tiny.tiny_model()
    model.config.model_type = "gpt_neox"
    assert not is_fused(model)


def test_the_reason_is_told() -> None:
    assert why_not_fused(tiny.tiny_config("llama")) == ""
    config = tiny.tiny_config("qwen2", layer_types=["full_attention", "chunked_attention"])
    assert why_not_fused(config) == "it has layers of chunked_attention"
    config = turning("dynamic").config
    assert why_not_fused(config) == "its rotary embedding (dynamic) depends on the length of the whole sequence"
    config.model_type = "mixtral"
    assert why_not_fused(config).startswith("mixtral is none of gemma2, gemma3_text, granite, llama, ")


def test_logits_are_divided_in_granite_only() -> None:
    assert logit_divisor(tiny.tiny_config("granite")) == 1.7
    assert logit_divisor(tiny.tiny_config("llama")) == 1.0


def test_windows_by_kind_of_attention() -> None:
    assert windows(tiny.tiny_config("llama")) == {"full_attention": None}
    assert windows(tiny.tiny_config("gemma3")) == {"full_attention": None, "sliding_attention": 16}
    assert layer_kinds(tiny.tiny_config("gemma3")) == ["sliding_attention", "full_attention"]
    assert layer_kinds(tiny.tiny_config("llama")) == ["full_attention"] * 2
    assert windows(tiny.tiny_config("mistral")) == {"sliding_attention": 6}
    assert windows(tiny.tiny_config("mistral", sliding_window=None)) == {"full_attention": None}
