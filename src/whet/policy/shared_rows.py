"""Gathers rows of which some are shared: the gradient of a shared row is the float32 sum over those that took it.

`index_select`'s own backward adds in the rows' dtype, with atomic operations on a GPU: sixteen gradients added in
bfloat16 lose half of their digits, and their order, so the last digits, differ from run to run.
"""

from typing import Any, NamedTuple

import torch
from torch import Tensor


class Takers(NamedTuple):
    """Which of N rows are gathered to M places. A row that is not in `shared_S` is taken at most once."""

    index_M: Tensor
    """int64: the row at each place."""
    shared_S: Tensor
    """int64: the rows that may be taken several times."""
    places_SW: Tensor
    """int64: the places that took each of them; any place where there are fewer than W."""
    real_SW: Tensor
    """bool: which of `places_SW` count."""


def taken(x: Tensor, takers: Takers) -> Tensor:
    """Returns `x[index_M]` for x `[N, …]`."""
    result: Tensor = _Taken.apply(x, takers)  # type: ignore[no-untyped-call]
    return result


class _Taken(torch.autograd.Function):
    """∂x[n] = Σ ∂y[m] over the places m that took row n."""

    @staticmethod
    def forward(ctx: Any, x: Tensor, takers: Takers) -> Tensor:
        ctx.save_for_backward(*takers)
        ctx.rows = len(x)
        return x.index_select(0, takers.index_M)

    @staticmethod
    def backward(ctx: Any, *upstream: Tensor) -> tuple[Tensor, None]:
        slope, takers = upstream[0], Takers(*ctx.saved_tensors)
        (rows, places), rest = takers.places_SW.shape, slope.shape[1:]
        each = slope.index_select(0, takers.places_SW.flatten()).view(rows, places, *rest)
        each.mul_(takers.real_SW.view(rows, places, *(1 for _ in rest)))
        total = each.sum(1, dtype=torch.promote_types(slope.dtype, torch.float32)).to(slope.dtype)
        # shared rows are written in any order first, and then overwritten by their sums
        by_row = slope.new_zeros(ctx.rows, *rest).index_copy_(0, takers.index_M, slope)
        return by_row.index_copy_(0, takers.shared_S, total), None
