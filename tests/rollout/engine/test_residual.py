"""The end of a block's half by hand."""

import torch

from whet.rollout.engine.linear import Plain
from whet.rollout.engine.norms import RmsNorm, Scaled
from whet.rollout.engine.residual import residual


def test_what_follows_the_product_comes_before_the_sum() -> None:
    """[1, 1] + 2 · [1, 1.5]: the norm of [3, 4] with ε = 3.5 divides by 4."""
    product = Plain(torch.tensor([[1.0], [1.5]]), None)
    norm = RmsNorm(torch.tensor([2.0, 10.0]), 3.5)
    total, normed = residual(torch.ones(1, 2), torch.ones(1, 1), product, Scaled(2.0), norm)
    assert (total.tolist(), normed.tolist()) == ([[3.0, 4.0]], [[1.5, 10.0]])
