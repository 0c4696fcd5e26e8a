"""The same values and gradients, to the last bit, from two kept tensors in place of four."""

from collections.abc import Callable
from contextlib import nullcontext
from typing import Any

import pytest
import torch
from torch import Tensor

import tiny
from plainly import with_lora
from whet.models.weights import body
from whet.policy.gated_mlp import is_gated, lean_mlps

ROWS, HIDDEN, INNER = 6, 32, 64
"""Tokens, and the sizes of the tiny models."""


def outputs(model: Any, lean: bool) -> list[Tensor]:
    """The MLP of the first layer on fixed numbers: its output and every gradient."""
    mlp = body(model).layers[0].mlp
    x = torch.randn(1, ROWS, HIDDEN, generator=torch.Generator().manual_seed(0)).to(model.dtype).requires_grad_()
    learned = [weight for weight in mlp.parameters() if weight.requires_grad]
    with lean_mlps(model) if lean else nullcontext():
        y = mlp(x)
    return [y, *torch.autograd.grad(y.float().square().sum(), [x, *learned])]


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
@pytest.mark.parametrize("make", [*tiny.tiny_families().values(), with_lora], ids=[*tiny.FAMILIES, "lora"])
def test_values_and_gradients_are_the_same_bits(make: Callable[..., Any], dtype: torch.dtype) -> None:
    model = make().to(dtype)
    plain, lean = outputs(model, False), outputs(model, True)
    assert len(plain) >= 5
    assert all(torch.equal(a, b) for a, b in zip(plain, lean, strict=True))


def kept_numbers(model: Any, lean: bool) -> int:
    """Numbers of the width of the MLP that are alive between forward and backward, weights apart."""
    mlp, found = body(model).layers[0].mlp, []
    x = torch.randn(1, ROWS, HIDDEN, requires_grad=True)

    def count(kept: Tensor) -> Tensor:
        found.append(kept)
        return kept

    hooks = torch.autograd.graph.saved_tensors_hooks(count, lambda kept: kept)
    with lean_mlps(model) if lean else nullcontext(), hooks:
        y = mlp(x)
    places = {kept.data_ptr() for kept in found if kept.numel() == ROWS * INNER}
    assert y.requires_grad
    return len(places) * ROWS * INNER


def test_two_tensors_are_kept_in_place_of_four() -> None:
    model = tiny.tiny_model()
    assert kept_numbers(model, lean=False) == 4 * ROWS * INNER
    assert kept_numbers(model, lean=True) == 2 * ROWS * INNER


def test_the_modules_are_as_they_were_afterwards() -> None:
    model = tiny.tiny_model()
    mlp = body(model).layers[0].mlp
    with lean_mlps(model):
        assert "forward" in vars(mlp)
    assert "forward" not in vars(mlp)


def test_other_mlps_are_left_alone() -> None:
    assert is_gated(body(tiny.tiny_model()).layers[0].mlp)
    assert not is_gated(torch.nn.Linear(2, 2))
