"""Model architectures that the fused decoder and the packed forward support."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from whet.models.soft_caps import CAPS

NormKind = Literal["rounded", "wide", "one_plus"]
"""How an RMS norm applies its weight: to the rounded result (Llama), in float32 before it is rounded (OLMo), or as
1 + weight in float32 (Gemma)."""


@dataclass(frozen=True, slots=True)
class Family:
    """What of a family's block its modules and layer types do not tell."""

    norm: NormKind = "rounded"
    windowed: bool = False
    """Whether `sliding_window`, where it is set, is that of every layer."""
    capped: bool = False
    """Whether its forward applies soft caps with every attention of transformers: Gemma 3's leaves them to some."""


FUSED: Mapping[str, Family] = {
    "gemma2": Family(norm="one_plus", capped=True),
    "gemma3_text": Family(norm="one_plus"),
    "granite": Family(),
    "llama": Family(),
    "mistral": Family(windowed=True),
    "olmo2": Family(norm="wide"),
    "olmo3": Family(norm="wide"),
    "phi3": Family(windowed=True),
    "qwen2": Family(),
    "qwen3": Family(),
    "smollm3": Family(),
}
"""Model types with the same block: attention, then a gated MLP, each with RMS norms before or after, and a linear head.
Biases, query and key norms, sliding windows, soft caps, multipliers, layers without rotation, rotation of a part of
each head and tied embeddings may differ. Their `forward` passes keyword arguments on to the attention."""

ROTATIONS = frozenset({"default", "linear", "llama3", "yarn"})
"""Kinds of rotary embedding whose angles depend on the position alone. Those of `dynamic` and `longrope` change for all
positions once a sequence is long: keys that are cached already would be of another rotation."""

_ATTENTION = frozenset({"full_attention", "sliding_attention"})

_MUST_BE_ABSENT = ("use_bidirectional_attention",)


def is_fused(model: Any) -> bool:
    """Whether the fused decoder and the learner's packed forward are equivalent to this model's forward.

    Anything else goes through the model's own forward, row by row.
    """
    return not why_not_fused(model.config)


def why_not_fused(config: Any) -> str:
    """Returns why a model of this configuration goes through its own forward; empty where the fast paths support it."""
    if config.model_type not in FUSED:
        return f"{config.model_type} is none of {', '.join(sorted(FUSED))}"
    if others := sorted(set(layer_kinds(config)) - _ATTENTION):
        return f"it has layers of {others[0]}"
    if others := sorted(rotations(config) - ROTATIONS):
        return f"its rotary embedding ({others[0]}) depends on the length of the whole sequence"
    absent = _MUST_BE_ABSENT if FUSED[config.model_type].capped else _MUST_BE_ABSENT + CAPS
    return next((f"{name} is set" for name in absent if getattr(config, name, None)), "")


def rotations(config: Any) -> set[str]:
    """Returns the kinds of rotary embedding of a configuration, by transformers' names."""
    settings = getattr(config, "rope_parameters", None) or {}
    by_kind = [one for one in settings.values() if isinstance(one, Mapping)] or [settings]
    return {one.get("rope_type", "default") for one in by_kind}


def layer_kinds(config: Any) -> list[str]:
    """Returns the attention type of each layer, by transformers' names."""
    family = FUSED.get(config.model_type, Family())
    every = "sliding_attention" if family.windowed and config.sliding_window else "full_attention"
    return getattr(config, "layer_types", None) or [every] * config.num_hidden_layers


def windows(config: Any) -> dict[str, int | None]:
    """Returns attention type → window in tokens, the current one included; None for full causal attention."""
    return {
        kind: config.sliding_window if kind == "sliding_attention" else None
        for kind in sorted(set(layer_kinds(config)))
    }


def logit_divisor(config: Any) -> float:
    """Returns what the head's logits are divided by (Granite's `logits_scaling`); 1.0 in most families."""
    return float(getattr(config, "logits_scaling", None) or 1.0)
