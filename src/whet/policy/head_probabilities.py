"""How a chunk of logits becomes log-probabilities of the targets and probabilities for the backward, by PyTorch.

Shapes: `C` tokens of a chunk, `V` entries of the vocabulary, `D` hidden width.
"""

from collections.abc import Callable
from typing import NamedTuple

import torch
from torch import Tensor
from torch.nn.functional import linear

from whet.models.soft_caps import cap_slope, soft_capped


class Scale(NamedTuple):
    """What is done to logits before the softmax."""

    temperature: float
    soft_cap: float | None = None
    """Logits are capped before they are divided (`whet.models.soft_caps`)."""


class Way(NamedTuple):
    """Works on the hidden states of a chunk, `[C, D]`, the head, `[V, D]`, and targets, `[C]`."""

    forward: Callable[[Tensor, Tensor, Tensor, Scale, Tensor], tuple[Tensor, Tensor | None]]
    """Returns log p at the targets, `[C]`, and with a soft cap its slope there, `[C, 1]`. Fills the last argument,
    `[C, V]`, with probabilities, times the slope; where it is `[0, V]` none are kept."""
    again: Callable[[Tensor, Tensor, Tensor, Scale], Tensor]
    """Returns what `forward` would have filled in, `[C, V]`, in the layers' dtype."""


def _forward(
    hidden_CD: Tensor, head_VD: Tensor, targets_C: Tensor, scale: Scale, kept_CV: Tensor
) -> tuple[Tensor, Tensor | None]:
    logits_CV = _logits(hidden_CD, head_VD, scale)
    p_CV, targets_C1, of_target_C1 = _probabilities(logits_CV), targets_C[:, None], None
    logprobs_C = _log_p(logits_CV, p_CV, targets_C1)
    if scale.soft_cap is not None:
        slope_CV = _cap_slope(logits_CV, scale.soft_cap / scale.temperature)
        of_target_C1 = slope_CV.gather(-1, targets_C1)
        p_CV *= slope_CV
    kept_CV.copy_(p_CV[: len(kept_CV)])
    return logprobs_C, of_target_C1


def _again(hidden_CD: Tensor, head_VD: Tensor, targets_C: Tensor, scale: Scale) -> Tensor:
    logits_CV = _logits(hidden_CD, head_VD, scale)
    p_CV = _probabilities(logits_CV)
    if scale.soft_cap is not None:
        p_CV *= _cap_slope(logits_CV, scale.soft_cap / scale.temperature)
    return p_CV.to(hidden_CD.dtype)


BY_TORCH = Way(_forward, _again)
"""By PyTorch's operations: in float32, then rounded to the layers' dtype where they are kept."""


def _logits(hidden_CD: Tensor, head_VD: Tensor, scale: Scale) -> Tensor:
    """Logits, capped in the layers' dtype as the sampler's are, / temperature, in float32 to avoid rounding to it."""
    logits_CV = linear(hidden_CD, head_VD)
    if scale.soft_cap is not None:
        logits_CV = soft_capped(logits_CV, scale.soft_cap)
    return logits_CV if scale.temperature == 1.0 else logits_CV.to(wide(logits_CV)) / scale.temperature


def _cap_slope(logits_CV: Tensor, cap: float) -> Tensor:
    """The soft cap's slope at logits that are capped and divided by the temperature, as `cap` is."""
    return cap_slope(logits_CV.to(wide(logits_CV)), cap)


def _probabilities(logits_CV: Tensor) -> Tensor:
    return torch.softmax(logits_CV, -1, dtype=wide(logits_CV))


def _log_p(logits_CV: Tensor, p_CV: Tensor, targets_C1: Tensor) -> Tensor:
    """log p_y = (logit_y − logit_max) + log p_max: p_max is at least 1 / V, where p_y may round to 0."""
    above_C1 = logits_CV.gather(-1, targets_C1).to(p_CV.dtype) - logits_CV.amax(-1, keepdim=True)
    return (above_C1 + p_CV.amax(-1, keepdim=True).log())[:, 0]


def wide(x: Tensor) -> torch.dtype:
    """The dtype of log-probabilities: float32, or float64 where `x` is."""
    return torch.promote_types(x.dtype, torch.float32)
