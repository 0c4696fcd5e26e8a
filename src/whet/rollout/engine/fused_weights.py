"""The weights of the fused decoder: q|k|v and gate|up in one matrix each."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import torch
from torch import Tensor

from whet.rollout.engine.linear import Linear

Norm = Callable[[Tensor], Tensor]
Rotary = Callable[[Tensor], tuple[Tensor, Tensor]]
"""Positions `[…]` to cosine and sine `[…, D]`."""


@dataclass(frozen=True, slots=True)
class Layer:
    """A transformer block: x + after_attention(attention(norm(x))), then x + after_mlp(mlp(norm(x)))."""

    kind: str
    """The key in `FusedWeights.kinds`."""
    attention_norm: Norm
    qkv: Linear
    head_norm: Norm
    """Over the size of a head, for query and key heads `[…, H + K, D]`; the identity in most families."""
    attention_out: Linear
    after_attention: Norm
    """The identity everywhere but in Gemma 3."""
    mlp_norm: Norm
    gate_up: Linear
    down: Linear
    after_mlp: Norm
    """The identity everywhere but in Gemma 3."""


@dataclass(frozen=True, slots=True)
class AttentionKind:
    """Rotary embedding and window of the layers of one kind of attention."""

    rotary: Rotary
    window: int | None
    """A token sees itself and the window − 1 tokens before it; all of them where this is None."""


@dataclass(frozen=True, slots=True)
class FusedWeights:
    """The frozen weights of a decoder-only transformer of the Llama kind (Llama, Qwen2, Qwen3, Gemma 3)."""

    embedding: Tensor
    """`[V, hidden]`, multiplied by the family's scale."""
    layers: tuple[Layer, ...]
    kinds: Mapping[str, AttentionKind]
    final_norm: Norm
    head: Linear
    heads: int
    kv_heads: int
    head_size: int
    scale: float
    """The factor of q · k."""
    activation: Callable[[Tensor], Tensor]

    @property
    def repeats(self) -> int:
        """r: query heads for each key-value head."""
        return self.heads // self.kv_heads


def identity(x: Tensor) -> Tensor:
    """Returns `x`: stands for an absent norm."""
    return x


def rms_norm(weight: Tensor, epsilon: float) -> Norm:
    """Returns x ↦ x / √(mean(x²) + ε) · weight (arXiv:1910.07467), the mean taken in float32.

    A float32 weight for a narrower x multiplies before the result is rounded, as in Gemma; else after.
    """

    def norm(x: Tensor) -> Tensor:
        wide = x.to(weight.dtype)
        return (weight * torch.rms_norm(wide, wide.shape[-1:], None, epsilon)).to(x.dtype)

    return norm
