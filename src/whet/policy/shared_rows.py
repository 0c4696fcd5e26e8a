"""Gathers rows of which some are shared: the gradient of a shared row is the float32 sum over those that took it.

`index_select`'s own backward adds in the rows' dtype, with atomic operations on a GPU: sixteen gradients added in
bfloat16 lose half of their digits, and their order, so the last digits, differ from run to run.
"""

from typing import Any, NamedTuple

import torch
from torch import Tensor

from whet.policy.packing import ranks


class Takers(NamedTuple):
    """Which of N rows are gathered to M places. A row that is not in `shared_S` is taken at most once."""

    index_M: Tensor
    """int64: the row at each place."""
    place_N: Tensor
    """int64: a place that took each row; any place where none did."""
    taken_N: Tensor | None
    """bool: which rows were taken; None where all were."""
    shared_S: Tensor
    """int64: the rows that may be taken several times."""
    places_SW: Tensor
    """int64: the places that took each of them; any place where there are fewer than W."""
    real_SW: Tensor
    """bool: which of `places_SW` count."""


def takers_of(index_M: Tensor, rows: int) -> Takers:
    """Returns who takes each of `rows` rows, for the row at each place."""
    count_N = torch.bincount(index_M, minlength=rows)
    shared_S = (count_N > 1).nonzero()[:, 0]
    slot_N = torch.zeros_like(count_N).scatter(0, shared_S, torch.arange(len(shared_S)))
    several = (count_N[index_M] > 1).nonzero()[:, 0]  # places of shared rows: often few, and only they are sorted
    place = several[index_M[several].argsort(stable=True)]
    at = slot_N[index_M[place]], ranks(index_M[place])
    places_SW = index_M.new_zeros(len(shared_S), max(int(count_N.max()), 1))
    return Takers(
        index_M=index_M,
        place_N=torch.zeros_like(count_N).scatter(0, index_M, torch.arange(len(index_M))),
        taken_N=None if count_N.all() else count_N > 0,
        shared_S=shared_S,
        places_SW=places_SW.index_put(at, place),
        real_SW=torch.zeros_like(places_SW, dtype=torch.bool).index_put(at, torch.tensor(True)),
    )


def taken(x: Tensor, takers: Takers) -> Tensor:
    """Returns `x[index_M]` for x `[N, …]`."""
    result: Tensor = _Taken.apply(x, *takers)  # type: ignore[no-untyped-call]
    return result


class _Taken(torch.autograd.Function):
    """∂x[n] = Σ ∂y[m] over the places m that took row n."""

    @staticmethod
    def forward(ctx: Any, x: Tensor, index_M: Tensor, *others: Tensor | None) -> Tensor:
        ctx.save_for_backward(*others)
        return x.index_select(0, index_M)

    @staticmethod
    def backward(ctx: Any, *upstream: Tensor) -> tuple[Tensor | None, ...]:
        place_N, taken_N, shared_S, places_SW, real_SW = ctx.saved_tensors
        slope, ones = upstream[0], (1,) * (upstream[0].ndim - 1)
        each = slope.index_select(0, places_SW.flatten()).unflatten(0, places_SW.shape)
        each = each * real_SW.view(*real_SW.shape, *ones)
        total = each.sum(1, dtype=torch.promote_types(slope.dtype, torch.float32)).to(slope.dtype)
        by_row = slope.index_select(0, place_N)
        if taken_N is not None:
            by_row = by_row * taken_N.view(-1, *ones)
        return by_row.index_copy(0, shared_S, total), *(None,) * 6
