"""The model families that can be written as GGUF: their names there, and how their weights are changed."""

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from whet.errors import UserError

if TYPE_CHECKING:
    from torch import Tensor

SLIDING = "sliding_attention"
FULL_EVERY = 6
"""In Gemma 3 as llama.cpp computes it, every sixth layer attends to the whole context."""

ROPE_FREQS = "rope_freqs.weight"
"""Factors by which llama.cpp divides the rotary frequencies: one per pair of a head's dimensions."""


@dataclass(frozen=True, slots=True)
class GgufFamily:
    """How GGUF names a family, and what it does to its weights."""

    architecture: str
    interleaved: bool = False
    """Whether the rows of a query or key head are stored as pairs: rotary half by rotary half, in turns."""
    norm_shift: float = 0.0
    """What is added to the scales of norms: Gemma's are distances from 1."""

    def weight(self, name: str, tensor: "Tensor", config: Mapping[str, Any]) -> "Tensor":
        """Returns the weight called `name` as GGUF stores it, in float32 where it is changed by arithmetic."""
        heads = {"q_proj": "num_attention_heads", "k_proj": "num_key_value_heads"}.get(name.split(".")[-2])
        if self.interleaved and heads:
            return interleave(tensor, int(config[heads]))
        return tensor.float() + self.norm_shift if self.norm_shift and name.endswith("norm.weight") else tensor


FAMILIES: Mapping[str, GgufFamily] = {
    "llama": GgufFamily("llama", interleaved=True),
    "qwen2": GgufFamily("qwen2"),
    "qwen3": GgufFamily("qwen3"),
    "gemma3_text": GgufFamily("gemma3", norm_shift=1.0),
}
"""`model_type` → family."""


def family_of(config: Mapping[str, Any]) -> GgufFamily:
    """Returns the family of a model's configuration.

    Raises `UserError` for another one, or a setting that llama.cpp does not compute.
    """
    kind = str(config.get("model_type"))
    if kind not in FAMILIES:
        raise UserError(f"--kind: gguf is written for {', '.join(FAMILIES)}, not {kind}; export --kind hf")
    if fault := next(_faults(kind, config), ""):
        raise UserError(f"--kind: gguf cannot hold {fault}; export --kind hf")
    return FAMILIES[kind]


def _faults(kind: str, config: Mapping[str, Any]) -> Iterator[str]:
    """Yields what of a configuration llama.cpp would compute otherwise."""
    layers = list(config.get("layer_types") or ())
    if kind == "gemma3_text":
        pattern = [(place + 1) % FULL_EVERY != 0 for place in range(len(layers))]
        if [layer == SLIDING for layer in layers] != pattern:
            yield f"layers that do not slide {FULL_EVERY - 1} of {FULL_EVERY} (layer_types)"
        if config.get("query_pre_attn_scalar") != config.get("head_dim"):
            yield f"query_pre_attn_scalar {config.get('query_pre_attn_scalar')}, which is not head_dim"
        if config.get("attn_logit_softcapping") or config.get("final_logit_softcapping"):
            yield "capped logits (softcapping)"
    elif SLIDING in layers:
        yield "sliding windows of this family (layer_types)"
    if (scaling := rope_of(config).get("rope_type", "default")) not in SCALINGS:
        yield f"rotary scaling of type {scaling}"


def interleave(weight: "Tensor", heads: int) -> "Tensor":
    """Returns rows [first half | second half] of each head as first, second, first, second …

    transformers turns dimension i of a head together with i + size/2, llama.cpp's Llama 2i together with 2i + 1.
    """
    rows = weight.shape[0]
    return weight.reshape(heads, 2, rows // heads // 2, *weight.shape[1:]).transpose(1, 2).reshape(weight.shape)


def rope_of(config: Mapping[str, Any]) -> Mapping[str, Any]:
    """Returns the rotary settings of the layers with full attention."""
    rotary = config.get("rope_parameters") or {}
    found: Mapping[str, Any] = rotary.get("full_attention", rotary)
    return found


def rope_theta_of_sliding_layers(config: Mapping[str, Any]) -> float | None:
    """Returns the rotary base of the layers with a sliding window, where it is one of its own."""
    found = (config.get("rope_parameters") or {}).get(SLIDING)
    return float(found["rope_theta"]) if found else None


def head_size(config: Mapping[str, Any]) -> int:
    """Returns the size of a head."""
    return int(config.get("head_dim") or config["hidden_size"] // config["num_attention_heads"])


def rope_factors(config: Mapping[str, Any]) -> list[float] | None:
    """Returns Llama 3's divisors of the rotary frequencies, one per pair of dimensions; None for other scalings.

    Frequencies of waves longer than the old context are divided by `factor`, those of short waves stay, and between
    them the share of both changes with the number of waves in the old context.
    """
    rope = rope_of(config)
    if rope.get("rope_type") != "llama3":
        return None
    size, factor = head_size(config), float(rope["factor"])
    low, high = float(rope["low_freq_factor"]), float(rope["high_freq_factor"])
    found = []
    for pair in range(size // 2):
        frequency = float(rope["rope_theta"]) ** (-2 * pair / size)
        waves = int(rope["original_max_position_embeddings"]) * frequency / (2 * math.pi)
        kept = min(max((waves - low) / (high - low), 0.0), 1.0)
        found.append(1 / (kept + (1 - kept) / factor))
    return found


SCALINGS = ("default", "llama3", "linear", "yarn")
"""Rotary scalings that a GGUF file can state."""
