"""Subtracts a product of 16-bit matrices from a float32 sum, without rounding the product in between."""

from functools import cache

import torch
from torch import Tensor

BLOCK = 2**13
"""Rows of the sum whose product is computed at once where it needs a tensor of its own."""


def subtract_product(total_VD: Tensor, x_CV: Tensor, y_CD: Tensor) -> None:
    """total −= xᵀ · y, in place: with the sum inside the product where the device can, else block by block of V."""
    how = _inside if sums_inside(total_VD.device, total_VD.dtype, x_CV.dtype) else _by_blocks
    how(total_VD, x_CV, y_CD)


def _inside(total_VD: Tensor, x_CV: Tensor, y_CD: Tensor) -> None:
    """The kernel reads the sum, adds in float32 and writes it: one pass over V × D in place of four."""
    torch.addmm(total_VD, x_CV.T, y_CD, out_dtype=total_VD.dtype, alpha=-1, out=total_VD)


def _by_blocks(total_VD: Tensor, x_CV: Tensor, y_CD: Tensor) -> None:
    """A whole product would be another matrix of the sum's size."""
    for start in range(0, len(total_VD), BLOCK):
        block = slice(start, start + BLOCK)
        total_VD[block] -= x_CV[:, block].T @ y_CD


@cache
def sums_inside(device: torch.device, total: torch.dtype, dtype: torch.dtype) -> bool:
    """Whether `addmm` with `out_dtype` works (CUDA, torch 2.8 on): tried once on a small product."""
    if device.type != "cuda" or total == dtype:
        return False
    x = torch.ones(16, 16, dtype=dtype, device=device)
    try:
        _inside(torch.zeros(16, 16, dtype=total, device=device), x, x)
    except (RuntimeError, NotImplementedError, TypeError):
        return False
    return True
