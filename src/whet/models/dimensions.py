"""The dimensions of a model by one name each, whatever its family's configuration calls them."""

from dataclasses import dataclass
from typing import Any, Self

INNER = ("intermediate_size", "ffn_dim", "n_inner", "ffn_hidden_size", "dff", "d_inner", "decoder_ffn_dim")
"""Settings that hold the width of an MLP; families without one have four times the hidden size."""

POSITIONS = ("max_position_embeddings", "n_positions", "max_seq_len", "max_target_positions", "context_length")
"""Settings that hold the context length in tokens."""


@dataclass(frozen=True, slots=True)
class Dimensions:
    """Layers, widths and heads of a decoder."""

    layers: int
    hidden: int
    inner: int
    """The width of an MLP."""
    heads: int
    """Query heads; 1 where a family has no attention."""
    kv_heads: int
    head_size: int
    context: int | None
    """Tokens, prompt and completion together; None for no limit."""

    @classmethod
    def of(cls, config: Any) -> Self:
        """Reads a transformers configuration; of a multimodal model, that of its text decoder."""
        text = config.get_text_config(decoder=True)
        hidden = int(text.hidden_size)
        heads = _first(text, ("num_attention_heads", "num_heads")) or 1
        return cls(
            layers=int(text.num_hidden_layers),
            hidden=hidden,
            inner=_first(text, INNER) or 4 * hidden,
            heads=heads,
            kv_heads=_first(text, ("num_key_value_heads", "num_kv_heads")) or heads,
            head_size=_first(text, ("head_dim",)) or hidden // heads,
            context=_first(text, POSITIONS),
        )


def _first(config: Any, names: tuple[str, ...]) -> int | None:
    """The first of these settings that is a positive whole number; of a list, one for each layer, the largest.

    One that transformers refuses to name for all layers at once (Gemma 4) counts as absent.
    """
    for name in names:
        try:
            value = getattr(config, name, None)
        except Exception:  # no AttributeError
            continue
        found = max(value, default=0) if isinstance(value, list) else value
        if isinstance(found, int) and found > 0:
            return found
    return None
