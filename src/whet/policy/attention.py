"""Which attention the learner uses, by device and dtype: a row of a table.

| row | layout | memory | where |
|---|---|---|---|
| `varlen` | `policy/varlen.py` | grows with the tokens | CUDA from compute capability 8.0 (Ampere) on, 16-bit dtypes |
| `grid` | `policy/grid.py` | grows with completions × their length squared | else: CPUs, older cards, float32 |
| `capped_grid` | `policy/grid.py` | the same | soft caps (Gemma 2), which flash attention does not compute |
"""

import logging
from collections.abc import Callable, Mapping
from functools import cache
from typing import Any, NamedTuple

import torch
from torch import Tensor

from whet.models.dimensions import Dimensions
from whet.models.soft_caps import attention_cap
from whet.models.supported import windows
from whet.policy.attention_memory import MicroBatchLengths, Needed, of_capped_grid, of_grid, of_varlen
from whet.policy.grid import grid_of
from whet.policy.packing import Packing
from whet.policy.shared_prefix import shared_prefix_attention
from whet.policy.varlen import sequences_of, varlen_attention
from whet.policy.varlen_call import flash_works, has_windows

AMPERE = (8, 0)
"""The least compute capability of flash attention's kernels."""

LARGE_HEAD = 192
"""Head sizes beyond it have a backward kernel on the cards with much shared memory only."""

MUCH_SHARED_MEMORY = frozenset({(8, 0), (9, 0), (10, 0), (10, 3)})
"""Compute capabilities of A100, H100 and H200, B200, B300."""

LARGEST_HEAD = 256

NO_SOFT_CAP = (
    "flash attention has no soft cap, which this model's scores have: the learner writes attention scores down, whose "
    "memory grows with the square of a completion's length"
)


class Attention(NamedTuple):
    """How packed tokens attend."""

    layout: Callable[[Packing], Any]
    """The layout that `attend` reads: made on the CPU; a NamedTuple of tensors and numbers with a method `within`."""
    attend: Callable[[Tensor, Tensor, Tensor, Any, float | None, float | None], Tensor]
    """From query `[H, N, D]`, key and value `[K, N, D]`, layout, scale and soft cap to `[N, H, D]`."""
    needed: Callable[[Dimensions, int, MicroBatchLengths], Needed]
    """The memory that it takes, from a model's dimensions, bytes per element and lengths."""


ATTENTIONS: Mapping[str, Attention] = {
    "varlen": Attention(sequences_of, varlen_attention, of_varlen),
    "grid": Attention(grid_of, shared_prefix_attention, of_grid),
    "capped_grid": Attention(grid_of, shared_prefix_attention, of_capped_grid),
}


class Wanted(NamedTuple):
    """What an attention must be able to do."""

    device: torch.device
    dtype: torch.dtype
    head_size: int
    has_window: bool
    has_soft_cap: bool = False


def attention_name(wanted: Wanted) -> str:
    """Returns the row of `ATTENTIONS` for a model: the first one of its device type that serves it, else a grid."""
    of_device = (name for name, serves in ROWS.get(wanted.device.type, ()) if serves(wanted))
    return next(of_device, GRIDS[wanted.has_soft_cap])


GRIDS: Mapping[bool, str] = {False: "grid", True: "capped_grid"}
"""The row that works on every device, by `Wanted.has_soft_cap`."""


@cache
def _flash_serves(wanted: Wanted) -> bool:
    """Whether flash attention's kernels do this: asked of the card once, and tried on a few tokens."""
    if wanted.has_soft_cap:
        logging.getLogger("whet").warning(NO_SOFT_CAP)
        return False
    return flash_fits(wanted, torch.cuda.get_device_capability(wanted.device)) and flash_works(
        wanted.device, wanted.dtype, wanted.head_size
    )


def flash_fits(wanted: Wanted, capability: tuple[int, int]) -> bool:
    """Whether flash attention has kernels for this on a card of that compute capability.

    >>> wanted = Wanted(torch.device("cuda"), torch.bfloat16, 64, False)
    >>> flash_fits(wanted, (8, 0)), flash_fits(wanted, (7, 5))
    (True, False)
    """
    largest = LARGEST_HEAD if capability in MUCH_SHARED_MEMORY else LARGE_HEAD
    return (
        capability >= AMPERE
        and wanted.dtype in (torch.bfloat16, torch.float16)
        and wanted.head_size <= largest
        and wanted.head_size % 8 == 0
        and (has_windows() or not wanted.has_window)
    )


ROWS: Mapping[str, tuple[tuple[str, Callable[[Wanted], bool]], ...]] = {"cuda": (("varlen", _flash_serves),)}
"""By device type, rows of `ATTENTIONS` and whether they serve a model, in the order in which they are asked."""


def wanted_by(model: Any) -> Wanted:
    """Returns what a model's attention must do."""
    weight = model.get_input_embeddings().weight
    has_window = any(window is not None for window in windows(model.config).values())
    has_soft_cap = attention_cap(model.config) is not None
    return Wanted(weight.device, weight.dtype, Dimensions.of(model.config).head_size, has_window, has_soft_cap)


def attention_of(model: Any) -> Attention:
    """Returns the attention for a model, by its device, dtype and head size."""
    return ATTENTIONS[attention_name(wanted_by(model))]
