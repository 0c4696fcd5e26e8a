"""Which models take the fast paths."""

from typing import Any

import pytest

import tiny
from plainly import with_lora
from whet.kernels.families import is_plain


@pytest.mark.parametrize("family", ["llama", "qwen2", "qwen3"])
def test_the_plain_families_with_adapters_or_without(family: str) -> None:
    assert is_plain(tiny.tiny_model(family))
    assert is_plain(with_lora(family))


@pytest.mark.parametrize(
    ("family", "changes"),
    [
        ("gemma3", {}),
        ("llama", {"hidden_act": "gelu"}),
        ("qwen2", {"use_sliding_window": True, "sliding_window": 4, "max_window_layers": 1}),
    ],
    ids=["another block", "another activation", "a sliding window"],
)
def test_what_the_decoder_does_not_compute_is_not_fused(family: str, changes: dict[str, Any]) -> None:
    assert not is_plain(tiny.tiny_model(family, **changes))
    assert not is_plain(with_lora(family, **changes))
