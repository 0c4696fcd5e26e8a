"""What a decoder block computes between its products, by Triton's kernels."""

import torch
from torch import Tensor

from whet.rollout.engine.block_kernel import ACTIVATIONS, GATED, add_norm_kernel, gate_kernel, width_of
from whet.rollout.engine.fused_weights import FusedWeights
from whet.rollout.engine.mlp_gate import gate
from whet.rollout.engine.norms import Norm, RmsNorm, add_norm


def triton_add_norm(x: Tensor, delta: Tensor, norm: Norm) -> tuple[Tensor, Tensor]:
    """As `whet.rollout.engine.norms.add_norm`, which computes what is no RMS norm."""
    if not isinstance(norm, RmsNorm):
        return add_norm(x, delta, norm)
    total, normed = torch.empty_like(x), torch.empty_like(x)
    hidden = x.shape[-1]
    width = width_of(hidden)
    add_norm_kernel[(x.numel() // hidden,)](
        *(x, delta, norm.weight, total, normed, hidden, norm.epsilon), BLOCK=width.block, num_warps=width.warps
    )
    return total, normed


def triton_gate(both: Tensor, weights: FusedWeights) -> Tensor:
    """As `whet.rollout.engine.mlp_gate.gate`, which computes with activations that have no kernel."""
    if weights.activation_name not in ACTIVATIONS:
        return gate(both, weights)
    inner = both.shape[-1] // 2
    out = both.new_empty(*both.shape[:-1], inner)
    gate_kernel[out.numel() // inner, -(-inner // GATED)](both, out, inner, KIND=weights.activation_name, BLOCK=GATED)
    return out
