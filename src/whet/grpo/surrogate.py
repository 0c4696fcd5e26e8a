"""Surrogate objectives per token: functions of ρ, log π_θ and Â to be maximised."""

from collections.abc import Callable

import torch
from torch import Tensor

from whet.config.objectives import ObjectiveConfig


def clipped_surrogate(ratio_BT: Tensor, _: Tensor, advantage_B1: Tensor, config: ObjectiveConfig) -> Tensor:
    """min(ρ Â, clip(ρ, 1 − ε_low, 1 + ε_high) Â): PPO, arXiv:1707.06347, eq. 7.

    With `clip_dual` c, ρ is bounded by c, which matters where Â < 0: dual clip, arXiv:1912.09729, eq. 5.
    """
    clipped_BT = ratio_BT.clamp(1 - config.clip_low, 1 + config.clip_high)
    bounded_BT = ratio_BT if config.clip_dual is None else ratio_BT.clamp(max=config.clip_dual)
    return torch.minimum(bounded_BT * advantage_B1, clipped_BT * advantage_B1)


def weighted_log_probability(
    ratio_BT: Tensor, logprobs_BT: Tensor, advantage_B1: Tensor, config: ObjectiveConfig
) -> Tensor:
    """sg(clip(ρ, 1 − ε_low, 1 + ε_high)) Â log π_θ: CISPO, MiniMax-M1, arXiv:2506.13585, eqs. 4 and 5.

    sg stops the gradient: a token beyond the clip still learns, with a bounded weight.
    """
    weight_BT = ratio_BT.detach().clamp(1 - config.clip_low, 1 + config.clip_high)
    return weight_BT * advantage_B1 * logprobs_BT


def soft_gate(ratio_BT: Tensor, _: Tensor, advantage_B1: Tensor, config: ObjectiveConfig) -> Tensor:
    """σ(τ (ρ − 1)) · 4/τ · Â: SAPO, arXiv:2511.20347.

    The slope in ρ is Â at ρ = 1 and falls smoothly to 0 on both sides; τ differs with the sign of Â.
    """
    negative_B1 = torch.full_like(advantage_B1, config.gate_negative)
    steepness_B1 = torch.where(advantage_B1 > 0, config.gate_positive, negative_B1)
    return torch.sigmoid(steepness_B1 * (ratio_BT - 1)) * 4 / steepness_B1 * advantage_B1


def log_probability(_: Tensor, logprobs_BT: Tensor, advantage_B1: Tensor, __: ObjectiveConfig) -> Tensor:
    """Â log π_θ: REINFORCE (Williams, 1992), for on-policy completions."""
    return advantage_B1 * logprobs_BT


SURROGATES: dict[str, Callable[[Tensor, Tensor, Tensor, ObjectiveConfig], Tensor]] = {
    "clip": clipped_surrogate,
    "clipped_weight": weighted_log_probability,
    "soft_gate": soft_gate,
    "log_probability": log_probability,
}
"""From ρ `[B, T]`, log π_θ `[B, T]` and Â `[B, 1]`: the gain of every token, `[B, T]`."""


def _without_gradient(ratio_BT: Tensor, advantage_B1: Tensor, config: ObjectiveConfig) -> Tensor:
    """Where the minimum of `clipped_surrogate` takes a bound, which has no gradient."""
    low_BT = (ratio_BT < 1 - config.clip_low) & (advantage_B1 < 0)
    high_BT = (ratio_BT > 1 + config.clip_high) & (advantage_B1 > 0)
    dual = torch.inf if config.clip_dual is None else config.clip_dual
    return low_BT | high_BT | ((ratio_BT > dual) & (advantage_B1 < 0))


def _bounded_weight(ratio_BT: Tensor, _: Tensor, config: ObjectiveConfig) -> Tensor:
    """Where `weighted_log_probability` bounds the weight."""
    return (ratio_BT < 1 - config.clip_low) | (ratio_BT > 1 + config.clip_high)


def _nowhere(ratio_BT: Tensor, _: Tensor, __: ObjectiveConfig) -> Tensor:
    return torch.zeros_like(ratio_BT, dtype=torch.bool)


CLIPPED: dict[str, Callable[[Tensor, Tensor, ObjectiveConfig], Tensor]] = {
    "clip": _without_gradient,
    "clipped_weight": _bounded_weight,
    "soft_gate": _nowhere,
    "log_probability": _nowhere,
}
"""From ρ and Â: at which tokens the clip took the gradient away, or bounded it, bool `[B, T]`."""
