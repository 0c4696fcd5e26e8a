"""The weights of the fused decoder: q|k|v and gate|up in one matrix each."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, fields, is_dataclass
from typing import Any

from torch import Tensor

from whet.models.soft_caps import soft_capped
from whet.rollout.engine.linear import Linear
from whet.rollout.engine.norms import Norm
from whet.rollout.engine.rotation import Rotary


@dataclass(frozen=True, slots=True)
class Layer:
    """A transformer block: x + after_attention(attention(norm(x))), then x + after_mlp(mlp(norm(x)))."""

    kind: str
    """The key in `FusedWeights.kinds`."""
    attention_norm: Norm
    """The identity in OLMo."""
    qkv: Linear
    head_norm: Norm
    """For query and key heads `[…, H + K, D]`; the identity in most families."""
    attention_out: Linear
    after_attention: Norm
    """A norm in Gemma and OLMo, a factor in Granite, else the identity."""
    mlp_norm: Norm
    """The identity in OLMo."""
    gate_up: Linear
    down: Linear
    after_mlp: Norm
    """As `after_attention`."""


@dataclass(frozen=True, slots=True)
class AttentionKind:
    """Rotary embedding and window of the layers of one kind of attention."""

    rotary: Rotary
    window: int | None
    """A token sees itself and the window − 1 tokens before it; all of them where this is None."""


@dataclass(frozen=True, slots=True)
class Head:
    """The language-model head: hidden states `[R, hidden]` to logits `[R, V]`."""

    linear: Linear
    divisor: float = 1.0
    """Granite's."""
    soft_cap: float | None = None
    """Logits l become cap · tanh(l / cap) (Gemma 2)."""

    def __call__(self, x: Tensor) -> Tensor:
        logits = self.linear(x)
        if self.divisor != 1.0:
            logits = logits / self.divisor
        return logits if self.soft_cap is None else soft_capped(logits, self.soft_cap)


@dataclass(frozen=True, slots=True)
class FusedWeights:
    """The frozen weights of a decoder-only transformer of the Llama kind (`whet.models.supported.FUSED`)."""

    embedding: Tensor
    """`[V, hidden]`, multiplied by the family's scale."""
    layers: tuple[Layer, ...]
    kinds: Mapping[str, AttentionKind]
    final_norm: Norm
    head: Head
    heads: int
    kv_heads: int
    head_size: int
    scale: float
    """The factor of q · k."""
    soft_cap: float | None
    """Scores s become cap · tanh(s / cap) before the softmax (Gemma 2)."""
    activation: Callable[[Tensor], Tensor]
    activation_name: str
    """As transformers names it."""

    def layers_with_next_norms(self) -> Iterator[tuple[Layer, Norm]]:
        """Yields each layer with the norm of what comes out of it: the next one's, or the final norm."""
        norms = [layer.attention_norm for layer in self.layers[1:]]
        return zip(self.layers, (*norms, self.final_norm), strict=True)

    @property
    def repeats(self) -> int:
        """r: query heads for each key-value head."""
        return self.heads // self.kv_heads

    @property
    def bytes_per_token(self) -> int:
        """κ: bytes of the keys and values of a token in all layers."""
        return 2 * len(self.layers) * self.kv_heads * self.head_size * self.embedding.element_size()


def tensors_of(value: Any) -> Iterator[Tensor]:
    """Yields the tensors of fused weights or of a part of them, in the order of their fields."""
    if isinstance(value, Tensor):
        yield value
    elif isinstance(value, tuple):
        for item in value:
            yield from tensors_of(item)
    elif is_dataclass(value):
        for field in fields(value):
            yield from tensors_of(getattr(value, field.name))
