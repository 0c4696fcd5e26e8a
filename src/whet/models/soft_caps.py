"""Soft caps (Gemma 2, arXiv:2408.00118, §2): attention scores or logits x become cap · tanh(x / cap)."""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from torch import Tensor

ATTENTION_CAP, LOGIT_CAP = CAPS = ("attn_logit_softcapping", "final_logit_softcapping")
"""transformers' names of the settings."""


def attention_cap(config: Any) -> float | None:
    """Returns the cap of scaled attention scores, before the mask and the softmax; None where there is none."""
    return getattr(config, ATTENTION_CAP, None)


def logit_cap(config: Any) -> float | None:
    """Returns the cap of the head's logits, before the temperature; None where there is none."""
    return getattr(config, LOGIT_CAP, None)


def soft_capped(x: "Tensor", cap: float) -> "Tensor":
    """Returns cap · tanh(x / cap)."""
    return (x / cap).tanh() * cap


def cap_slope(capped: "Tensor", cap: float) -> "Tensor":
    """Returns ∂ capped / ∂ x = 1 − tanh(x / cap)², of values that are capped already."""
    return (capped / cap).square_().neg_().add_(1.0)
