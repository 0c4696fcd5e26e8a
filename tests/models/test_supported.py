"""Which models take the fast paths, and what their layers see."""

from typing import Any

import pytest

import tiny
from plainly import with_lora
from whet.models.supported import is_fused, layer_kinds, windows


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


def test_another_block_is_not_fused() -> None:
    model = tiny.tiny_model()
    model.config.model_type = "gpt_neox"
    assert not is_fused(model)


def test_windows_by_kind_of_attention() -> None:
    assert windows(tiny.tiny_config("llama")) == {"full_attention": None}
    assert windows(tiny.tiny_config("gemma3")) == {"full_attention": None, "sliding_attention": 16}
    assert layer_kinds(tiny.tiny_config("gemma3")) == ["sliding_attention", "full_attention"]
    assert layer_kinds(tiny.tiny_config("llama")) == ["full_attention"] * 2
