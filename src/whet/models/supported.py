"""Model architectures that the fused decoder and the packed forward support."""

from typing import Any

FUSED = frozenset({"llama", "qwen2", "qwen3", "gemma3_text"})
"""Model types with the same block: attention, then a gated MLP, each with RMS norms, and a linear head. Biases, query
and key norms, post-norms, sliding windows and tied embeddings may differ. Their `forward` passes keyword arguments on
to the attention."""

_ATTENTION = frozenset({"full_attention", "sliding_attention"})

_MUST_BE_ABSENT = ("attn_logit_softcapping", "final_logit_softcapping", "use_bidirectional_attention")


def is_fused(model: Any) -> bool:
    """Whether the fused decoder and the packed forward are equivalent to this model's forward.

    Anything else goes through the model's own forward, row by row.
    """
    config = model.config
    known = config.model_type in FUSED and _ATTENTION.issuperset(layer_kinds(config))
    return known and not any(getattr(config, name, None) for name in _MUST_BE_ABSENT)


def layer_kinds(config: Any) -> list[str]:
    """Returns the attention type of each layer, by transformers' names."""
    return getattr(config, "layer_types", None) or ["full_attention"] * config.num_hidden_layers


def windows(config: Any) -> dict[str, int | None]:
    """Returns attention type → window in tokens, the current one included; None for full causal attention."""
    return {
        kind: config.sliding_window if kind == "sliding_attention" else None
        for kind in sorted(set(layer_kinds(config)))
    }
