"""Sum with norm, and gate, by Triton's kernels against PyTorch's operations, in Triton's interpreter or on a GPU."""

from typing import Any

import pytest
import torch

import tiny
from triton_kernels import DEVICE, needs_triton
from whet.rollout.engine.fuse import fuse
from whet.rollout.engine.mlp_gate import gate
from whet.rollout.engine.norms import RmsNorm, add_norm, identity

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
@pytest.mark.parametrize("shape", [(3, 896), (2, 5, 24)], ids=["rows", "prompts"])
def test_a_sum_and_its_norm(shape: tuple[int, ...], dtype: torch.dtype, of_weight: torch.dtype) -> None:
    from whet.rollout.engine.triton_block import triton_add_norm

    x, delta = numbers(*shape, dtype=dtype), 3 * numbers(*shape, dtype=dtype).flip(-1)
    norm = RmsNorm(1 + numbers(shape[-1], dtype=of_weight) / 4, 1e-2)
    found, expected = triton_add_norm(x, delta, norm), add_norm(x, delta, norm)
    for ours, theirs in zip(found, expected, strict=True):
        assert (ours.dtype, ours.shape) == (dtype, shape)
        torch.testing.assert_close(ours, theirs, rtol=CLOSE[dtype], atol=CLOSE[dtype])
    exact = x.double() + delta.double()
    exact = exact / (exact.square().mean(-1, keepdim=True) + 1e-2).sqrt() * norm.weight.double()
    errors = [float((one.double() - exact).norm() / exact.norm()) for one in (found[1], expected[1])]
    assert errors[0] <= 1.1 * errors[1] + 1e-7


@needs_triton
def test_what_is_no_rms_norm_is_left_to_pytorch() -> None:
    from whet.rollout.engine.triton_block import triton_add_norm

    x = numbers(2, 8)
    total, normed = triton_add_norm(x, x, identity)
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
