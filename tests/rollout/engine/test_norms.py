"""Norms and factors by hand."""

import torch

from whet.rollout.engine.norms import RmsNorm, Scaled, WidthNorms, add_norm, identity


def test_rms_norm_by_hand() -> None:
    """[3, 4]: mean square 12.5; with ε = 3.5 the root is 4."""
    norm = RmsNorm(torch.tensor([2.0, 10.0]), 3.5)
    assert norm(torch.tensor([[3.0, 4.0]])).tolist() == [[1.5, 10.0]]


def test_rms_norm_takes_the_mean_in_float32() -> None:
    """300² is past float16's largest number."""
    x = torch.full((4,), 300.0, dtype=torch.float16)
    assert RmsNorm(torch.ones(4, dtype=torch.float16), 0.0)(x).tolist() == [1.0] * 4


def test_a_float32_factor_multiplies_before_the_result_is_rounded() -> None:
    """Gemma's way: one rounding. A factor of 1 + 2⁻⁹ is 1 in bfloat16."""
    factor, x = torch.full((64,), 1.0 + 2.0**-9), torch.linspace(1, 3, 64).bfloat16()[None]
    exact = x.double() / x.double().square().mean().sqrt() * factor.double()
    gemma, llama = RmsNorm(factor, 0.0)(x), RmsNorm(factor.bfloat16(), 0.0)(x)
    assert gemma.dtype == llama.dtype == torch.bfloat16
    assert torch.equal(gemma, exact.bfloat16())
    assert not torch.equal(gemma, llama)


def test_a_sum_comes_with_its_norm() -> None:
    """[1, 1] + [2, 3]: the norm of [3, 4], as above."""
    norm = RmsNorm(torch.tensor([2.0, 10.0]), 3.5)
    total, normed = add_norm(torch.ones(1, 2), torch.tensor([[2.0, 3.0]]), norm)
    assert (total.tolist(), normed.tolist()) == ([[3.0, 4.0]], [[1.5, 10.0]])


def test_no_norm_is_the_tensor_itself() -> None:
    x = torch.ones(2)
    assert identity(x) is x


def test_norms_over_the_width_of_all_heads() -> None:
    """Two query heads [3, 4], [0, 0]: mean square 25 / 4, root 2.5; a key head [6, 8]: 50 and ε = 14, root 8."""
    norms = WidthNorms(RmsNorm(torch.tensor([5.0, 10.0, 1.0, 1.0]), 0.0), RmsNorm(torch.tensor([4.0, 1.0]), 14.0))
    heads = torch.tensor([[[3.0, 4.0], [0.0, 0.0], [6.0, 8.0]]])
    assert norms(heads).tolist() == [[[6.0, 16.0], [0.0, 0.0], [3.0, 1.0]]]


def test_a_factor_of_the_residual_stream() -> None:
    assert Scaled(0.5)(torch.tensor([2.0, 3.0])).tolist() == [1.0, 1.5]
