"""What a decoder block computes beside attention and its first products, by Triton's kernels."""

import torch
from torch import Tensor

from whet.rollout.engine.block_kernel import ACTIVATIONS, GATED, add_norm_kernel, gate_kernel, width_of
from whet.rollout.engine.fused_weights import FusedWeights
from whet.rollout.engine.linear import Linear, Plain
from whet.rollout.engine.mlp_gate import gate
from whet.rollout.engine.norms import Norm, RmsNorm, add_norm, identity
from whet.rollout.engine.product_kernel import (
    INPUTS,
    OUTPUTS,
    STAGES,
    WARPS,
    Split,
    block_of_rows,
    split_of,
    split_product_kernel,
)


def triton_residual(x: Tensor, inner: Tensor, product: Linear, after: Norm, norm: Norm) -> tuple[Tensor, Tensor]:
    """As `whet.rollout.engine.residual.residual`."""
    if not isinstance(norm, RmsNorm):
        return add_norm(x, after(product(inner)), norm)
    split = None
    if after is identity and isinstance(product, Plain) and product.bias is None:
        split = split_of(inner.numel() // inner.shape[-1], *product.weight.shape)
    if split is None or not isinstance(product, Plain):
        return _summed(x, after(product(inner)), norm, 1)
    return _summed(x, _partial_sums(inner, product.weight, split), norm, split.parts)


def _summed(x: Tensor, delta: Tensor, norm: RmsNorm, parts: int) -> tuple[Tensor, Tensor]:
    """x + delta, and its norm; delta in so many parts."""
    total, normed = torch.empty_like(x), torch.empty_like(x)
    hidden = x.shape[-1]
    rows, width = x.numel() // hidden, width_of(hidden)
    add_norm_kernel[(rows,)](
        *(x, delta, norm.weight, total, normed, rows, hidden, norm.epsilon),
        PARTS=parts,
        BLOCK=width.block,
        num_warps=width.warps,
    )
    return total, normed


def _partial_sums(inner: Tensor, weight: Tensor, split: Split) -> Tensor:
    """Float32 `[parts, R, N]`, whose sum over parts is inner · weightᵀ."""
    outputs, inputs = weight.shape
    rows = inner.numel() // inputs
    sums = inner.new_empty(split.parts, rows, outputs, dtype=torch.float32)
    split_product_kernel[-(-outputs // OUTPUTS), split.parts](
        *(inner, weight, sums, rows, outputs, inputs),
        BLOCKS=split.blocks,
        ROWS=block_of_rows(rows),
        OUTPUTS=OUTPUTS,
        INPUTS=INPUTS,
        STAGES=STAGES,
        num_warps=WARPS,
    )
    return sums


def triton_gate(both: Tensor, weights: FusedWeights) -> Tensor:
    """As `whet.rollout.engine.mlp_gate.gate`, which computes with activations that have no kernel."""
    if weights.activation_name not in ACTIVATIONS:
        return gate(both, weights)
    inner = both.shape[-1] // 2
    out = both.new_empty(*both.shape[:-1], inner)
    gate_kernel[out.numel() // inner, -(-inner // GATED)](both, out, inner, KIND=weights.activation_name, BLOCK=GATED)
    return out
