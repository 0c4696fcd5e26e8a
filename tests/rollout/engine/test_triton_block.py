"""Product with sum and norm, and gate, by Triton's kernels against PyTorch's, in Triton's interpreter or on a GPU."""

import math
from typing import Any

import pytest
import torch

import tiny
from triton_kernels import DEVICE, needs_triton
from whet.rollout.engine.fuse import fuse
from whet.rollout.engine.linear import Plain
from whet.rollout.engine.mlp_gate import gate
from whet.rollout.engine.norms import RmsNorm, identity
from whet.rollout.engine.residual import residual

NARROW = torch.float16 if DEVICE.type == "cpu" else torch.bfloat16
"""Triton's interpreter cuts bfloat16 off in place of rounding it."""

CLOSE = {torch.float32: 2e-6, torch.float16: 2e-3, torch.bfloat16: 1e-2}
"""A last digit of float16 is 2⁻¹¹, of bfloat16 2⁻⁸."""


def numbers(*shape: int, dtype: torch.dtype = torch.float32) -> torch.Tensor:
    return torch.randn(*shape, generator=torch.Generator().manual_seed(sum(shape))).to(DEVICE, dtype)


@needs_triton
@pytest.mark.parametrize(
    ("dtype", "of_weight"),
    [(torch.float32, torch.float32), (NARROW, NARROW), (NARROW, torch.float32)],
    ids=["float32", "narrow", "Gemma's"],
)
@pytest.mark.parametrize(
    ("shape", "inputs", "parts"),
    [((3, 200), 24, 1), ((2, 5, 24), 16, 1), ((3, 200), 1472, 23), ((2, 3, 200), 128, 2), ((70, 24), 128, 1)],
    ids=["inputs that are no block", "prompts", "split", "prompts, split", "many rows"],
)
def test_a_product_is_added_and_the_sum_normed(
    shape: tuple[int, ...], inputs: int, parts: int, dtype: torch.dtype, of_weight: torch.dtype
) -> None:
    from whet.rollout.engine import triton_block
    from whet.rollout.engine.product_kernel import split_of

    rows, hidden = math.prod(shape[:-1]), shape[-1]
    split = split_of(rows, hidden, inputs)
    assert (1 if split is None else split.parts) == parts
    x, inner = numbers(*shape, dtype=dtype), numbers(*shape[:-1], inputs, dtype=dtype) / inputs**0.5
    product = Plain(numbers(hidden, inputs, dtype=dtype), None)
    norm = RmsNorm(1 + numbers(hidden, dtype=of_weight) / 4, 1e-2)
    found, expected = (how(x, inner, product, identity, norm) for how in (triton_block.triton_residual, residual))
    for ours, theirs in zip(found, expected, strict=True):
        assert (ours.dtype, ours.shape) == (dtype, shape)
        torch.testing.assert_close(ours, theirs, rtol=CLOSE[dtype], atol=2 * CLOSE[dtype])
    exact = x.double() + inner.double() @ product.weight.double().T
    exact = exact / (exact.square().mean(-1, keepdim=True) + 1e-2).sqrt() * norm.weight.double()
    errors = [float((one.double() - exact).norm() / exact.norm()) for one in (found[1], expected[1])]
    assert errors[0] <= 1.1 * errors[1] + 1e-6


@needs_triton
def test_what_follows_a_product_and_its_bias_are_left_to_pytorch() -> None:
    from whet.rollout.engine.triton_block import triton_residual

    x, inner, weight, bias = numbers(2, 64), numbers(2, 128), numbers(64, 128), numbers(64)
    norm, after = RmsNorm(numbers(64), 1e-5), RmsNorm(numbers(64) + 2, 1e-5)
    for product, behind in ((Plain(weight, bias), identity), (Plain(weight, None), after)):
        found, expected = (how(x, inner, product, behind, norm) for how in (triton_residual, residual))
        torch.testing.assert_close(found, expected, rtol=1e-5, atol=1e-4)


@needs_triton
def test_what_is_no_rms_norm_is_left_to_pytorch() -> None:
    from whet.rollout.engine.triton_block import triton_residual

    x = numbers(2, 64)
    total, normed = triton_residual(x, x, Plain(torch.eye(64, device=DEVICE), None), identity, identity)
    assert torch.equal(total, 2 * x)
    assert normed is total


@needs_triton
@pytest.mark.parametrize(("family", "inner"), [("qwen2", 1500), ("gemma3", 40)])
@pytest.mark.parametrize("dtype", [torch.float32, NARROW], ids=["float32", "narrow"])
def test_a_gate(family: str, inner: int, dtype: torch.dtype) -> None:
    """SiLU and GELU; more outputs than a program computes, and fewer; what is far from zero."""
    from whet.rollout.engine.triton_block import triton_gate

    weights, both = fuse(tiny.tiny_model(family).to(DEVICE)), 4 * numbers(2, 3, 2 * inner, dtype=dtype)
    found, expected = triton_gate(both, weights), gate(both, weights)
    assert (found.dtype, found.shape) == (dtype, (2, 3, inner))
    torch.testing.assert_close(found, expected, rtol=CLOSE[dtype], atol=CLOSE[dtype])


@needs_triton
def test_other_activations_are_left_to_pytorch() -> None:
    from whet.rollout.engine.triton_block import triton_gate

    class Weights:
        activation_name = "relu"
        activation = staticmethod(torch.relu)

    weights: Any = Weights()
    assert triton_gate(torch.tensor([[-1.0, 2.0, 5.0, 7.0]]), weights).tolist() == [[0.0, 14.0]]
