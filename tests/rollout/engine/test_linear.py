"""A frozen linear map is x · weightᵀ + bias, packed or not."""

import pytest
import torch

from whet.rollout.engine.linear import frozen_linear

BFLOAT16_STEP = 2.0**-8
"""Half the distance between two neighbouring bfloat16 numbers, relative: the error of one rounding."""


def tensors(rows: tuple[int, ...], inputs: int, outputs: int) -> tuple[torch.Tensor, ...]:
    random = torch.Generator().manual_seed(inputs)
    x = torch.randn(*rows, inputs, generator=random)
    return x, torch.randn(outputs, inputs, generator=random), torch.randn(outputs, generator=random)


@pytest.mark.parametrize("packing", [True, False])
@pytest.mark.parametrize("with_bias", [False, True])
@pytest.mark.parametrize("rows", [(1,), (5,), (64,), (2, 7)])
def test_bfloat16_is_the_exact_product_rounded(
    packing: bool, with_bias: bool, rows: tuple[int, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Float64 on the same bfloat16 numbers; a row of 96 products is added up in float32 and rounded."""
    monkeypatch.setattr(torch.backends.mkldnn, "is_available", lambda: packing)
    x, weight, bias = (t.bfloat16() for t in tensors(rows, 96, 40))
    ours = frozen_linear([weight], bias if with_bias else None)(x)
    exact = x.double() @ weight.double().T + (bias.double() if with_bias else 0.0)
    assert ours.dtype == torch.bfloat16
    assert ours.shape == exact.shape
    torch.testing.assert_close(ours.double(), exact, rtol=BFLOAT16_STEP, atol=1e-3)


@pytest.mark.skipif(not torch.backends.mkldnn.is_available(), reason="this machine has no oneDNN")
@pytest.mark.parametrize("rows", [1, 3, 33, 128])
@pytest.mark.parametrize(("inputs", "outputs"), [(16, 8), (96, 40), (33, 7), (576, 960)])
def test_packed_equals_unpacked(rows: int, inputs: int, outputs: int) -> None:
    x, weight, bias = (t.bfloat16() for t in tensors((rows,), inputs, outputs))
    ours = frozen_linear([weight], bias)(x).double()
    theirs = torch.nn.functional.linear(x, weight, bias).double()
    # the order of adding may differ, so a result may round to the neighbour
    torch.testing.assert_close(ours, theirs, rtol=2 * BFLOAT16_STEP, atol=1e-2)
    assert (ours == theirs).double().mean() > 0.9


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_other_types_go_through_torch_unchanged(dtype: torch.dtype) -> None:
    x, weight, bias = (t.to(dtype) for t in tensors((5,), 24, 12))
    assert torch.equal(frozen_linear([weight], bias)(x), torch.nn.functional.linear(x, weight, bias))
    assert torch.equal(frozen_linear([weight])(x), torch.nn.functional.linear(x, weight))


def test_a_slice_of_a_larger_matrix_can_be_packed() -> None:
    whole = torch.randn(20, 64, generator=torch.Generator().manual_seed(0)).bfloat16()
    x = torch.randn(3, 32, generator=torch.Generator().manual_seed(1)).bfloat16()
    weight = whole[:, 16:48]
    exact = x.double() @ weight.double().T
    torch.testing.assert_close(frozen_linear([weight])(x).double(), exact, rtol=BFLOAT16_STEP, atol=1e-3)


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
def test_several_weights_are_one(dtype: torch.dtype) -> None:
    x, weight, bias = (t.to(dtype) for t in tensors((5,), 24, 12))
    whole, parts = frozen_linear([weight], bias)(x), frozen_linear([weight[:4], weight[4:5], weight[5:]], bias)(x)
    torch.testing.assert_close(parts, whole)


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
@pytest.mark.parametrize("count", [1, 2])
def test_later_changes_of_the_weight_are_not_seen(dtype: torch.dtype, count: int) -> None:
    x, weight, _ = (t.to(dtype) for t in tensors((5,), 24, 12))
    parts = list(weight.clone().chunk(count))
    frozen = frozen_linear(parts)
    before = frozen(x)
    for part in parts:
        part.zero_()
    assert torch.equal(frozen(x), before)
