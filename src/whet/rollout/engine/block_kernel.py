"""Two Triton kernels for what a decoder block computes between its products: a sum with an RMS norm, and a gate.

Each does in one pass what PyTorch's operations do in three or four, and rounds where these do.
"""

from typing import NamedTuple

import triton
import triton.language as tl

from whet.rollout.engine.power_of_two import power_of_two

GATED = 1024
"""Outputs of a gate that a program computes."""


class Width(NamedTuple):
    """How a program works on a row."""

    block: int
    """Its numbers, rounded up to a power of two."""
    warps: int


def width_of(hidden: int) -> Width:
    """Returns how a program works on a row of so many numbers.

    >>> width_of(896), width_of(5376)
    (Width(block=1024, warps=4), Width(block=8192, warps=16))
    """
    block = power_of_two(hidden)
    return Width(block, min(max(block // 512, 4), 16))


@triton.jit
def add_norm_kernel(x, delta, weight, total, normed, hidden, epsilon, BLOCK: tl.constexpr):
    """Of a row: total = x + delta, and normed = total / √(mean(total²) + ε) · weight."""
    row, d = tl.program_id(0).to(tl.int64), tl.arange(0, BLOCK)
    there = d < hidden
    at = row * hidden + d
    added = tl.load(x + at, mask=there, other=0.0).to(tl.float32)
    added += tl.load(delta + at, mask=there, other=0.0).to(tl.float32)
    rounded = added.to(total.dtype.element_ty)
    tl.store(total + at, rounded, mask=there)
    wide = rounded.to(tl.float32)
    scaled = wide * tl.rsqrt(tl.sum(wide * wide, 0) / hidden + epsilon)
    factor = tl.load(weight + d, mask=there, other=0.0)
    # a weight as narrow as x multiplies what is rounded already; a float32 one comes first (Gemma)
    scaled = scaled.to(factor.dtype).to(tl.float32) * factor.to(tl.float32)
    tl.store(normed + at, scaled.to(normed.dtype.element_ty), mask=there)


ACTIVATIONS = ("silu", "gelu_pytorch_tanh")
"""transformers' names of those that a gate computes with."""


@triton.jit
def activated(x, KIND: tl.constexpr):
    """silu(x) = x σ(x); gelu(x) = x / 2 · (1 + tanh(√(2 / π) (x + 0.044715 x³))), where (1 + tanh(z)) / 2 = σ(2 z)."""
    if KIND == "gelu_pytorch_tanh":
        return x * tl.sigmoid(1.5957691216057308 * (x + 0.044715 * x * x * x))
    return x * tl.sigmoid(x)


@triton.jit
def gate_kernel(both, out, inner, KIND: tl.constexpr, BLOCK: tl.constexpr):
    """Of a row (gate ‖ up) of 2 · inner numbers: activation(gate) · up."""
    row, i = tl.program_id(0).to(tl.int64), tl.program_id(1) * BLOCK + tl.arange(0, BLOCK)
    there = i < inner
    at = both + row * 2 * inner + i
    gate = activated(tl.load(at, mask=there, other=0.0).to(tl.float32), KIND)
    rounded = gate.to(out.dtype.element_ty).to(tl.float32)
    product = rounded * tl.load(at + inner, mask=there, other=0.0).to(tl.float32)
    tl.store(out + row * inner + i, product.to(out.dtype.element_ty), mask=there)
