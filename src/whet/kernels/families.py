"""Which models the fast paths know."""

from typing import Any

PLAIN = frozenset({"llama", "qwen2", "qwen3"})
"""Model types made of the same block: attention, then a gated MLP, each after an RMS norm, and a linear head. Biases,
norms on queries and keys, and tied embeddings may differ. Their forward passes keywords on to the attention."""


def is_plain(model: Any) -> bool:
    """Whether the fused decoder and the packed forward compute what this model computes.

    Anything else goes through the model's own forward, row by row.
    """
    config = model.config
    windowed = "sliding_attention" in (getattr(config, "layer_types", None) or ())
    return config.model_type in PLAIN and config.hidden_act == "silu" and not windowed
