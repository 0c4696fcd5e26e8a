"""Products that are summed in float32, against float64."""

import pytest
import torch

from whet.policy import wide_product
from whet.policy.wide_product import subtract_product, sums_inside


@pytest.mark.parametrize("rows", [5, wide_product.BLOCK + 3])
def test_by_blocks(rows: int) -> None:
    total, x, y = torch.randn(rows, 3), torch.randn(4, rows), torch.randn(4, 3)
    expected = total.double() - x.double().T @ y.double()
    subtract_product(total, x, y)
    torch.testing.assert_close(total.double(), expected, rtol=1e-5, atol=1e-5)


def test_no_cpu_sums_inside() -> None:
    assert not sums_inside(torch.device("cpu"), torch.float32, torch.bfloat16)


def test_the_sum_inside_the_product_is_asked_of_torch(monkeypatch: pytest.MonkeyPatch) -> None:
    """What CUDA is asked for, done in float64: the sum is an operand and the result, no other tensor is made."""
    asked = {}

    def addmm(total: torch.Tensor, x: torch.Tensor, y: torch.Tensor, **how: object) -> None:
        asked.update(how)
        total.copy_(total.double() - x.double() @ y.double())

    monkeypatch.setattr(wide_product, "sums_inside", lambda *_: True)
    monkeypatch.setattr(torch, "addmm", addmm)
    total, x, y = torch.randn(6, 3), torch.randn(4, 6).bfloat16(), torch.randn(4, 3).bfloat16()
    expected = total.double() - x.double().T @ y.double()
    subtract_product(total, x, y)
    torch.testing.assert_close(total.double(), expected, rtol=1e-6, atol=1e-6)
    assert asked["out_dtype"] == torch.float32
    assert asked["alpha"] == -1
    assert asked["out"] is total
