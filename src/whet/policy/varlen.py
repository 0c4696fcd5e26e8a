"""Attention over completions that share a prompt by flash attention on sequences of unequal lengths.

Every prompt and every completion is a sequence of queries; its keys are those of [its prompt ‖ itself], gathered. No
score is ever written down, so memory grows with the tokens, not with their square. Gathering costs a copy of a prompt's
keys and values for each of its completions; the products are those of attention over shared keys.

Shapes: `H` query heads, `K` key-value heads, `D` head size, `N` packed tokens, `M` gathered keys.
"""

from typing import NamedTuple

import torch
from torch import Tensor

from whet.policy.packing import Packing
from whet.policy.shared_rows import Takers, taken, takers_of
from whet.policy.varlen_call import varlen


class Sequences(NamedTuple):
    """The sequences of queries in packed order, and the keys of each: `[prompt]`, or `[its prompt ‖ itself]`."""

    index_M: Tensor
    """int64: index in the packed sequence of each key."""
    place_N: Tensor
    """int64: a place among the keys of each packed token."""
    taken_N: Tensor | None
    """None: all of them are there."""
    shared_S: Tensor
    """int64: index in the packed sequence of each token that is a key of several sequences: a prompt's."""
    places_SW: Tensor
    """int64: their places among the keys."""
    real_SW: Tensor
    """bool: which of `places_SW` exist."""
    query_starts: Tensor
    """int32: where each sequence's queries begin, and the end of the last one."""
    key_starts: Tensor
    """int32: the same of keys."""
    longest_query: int
    longest_key: int
    window: int | None = None
    """A token sees itself and the `window` − 1 before; None: all before it."""

    @property
    def takers(self) -> Takers:
        """Which keys each packed token is."""
        return Takers(self.index_M, self.place_N, self.taken_N, self.shared_S, self.places_SW, self.real_SW)

    def within(self, window: int | None) -> "Sequences":
        """Returns the layout with a sliding window."""
        return self._replace(window=window)


def sequences_of(packing: Packing) -> Sequences:
    """Returns the sequences of a packed sequence of tokens. Prompts and completions without tokens have none."""
    group_B, prompts = packing.group_B, len(packing.prompt_PL)
    # a padded row of keys per sequence: all prompts, [L + T], then completions, [its prompt ‖ itself]
    prompt_of_row = torch.cat([torch.arange(prompts), group_B])
    index, real = (
        torch.cat([of_prompts[prompt_of_row], torch.cat([own.new_zeros(prompts, own.shape[1]), own])], 1)
        for of_prompts, own in (
            (packing.prompt_PL, packing.response_BT),
            (packing.real_PL, packing.real_BT),
        )
    )
    queries = torch.cat([packing.real_PL.sum(1), packing.real_BT.sum(1)])
    # packed order: each prompt before its completions
    order = torch.cat([2 * torch.arange(prompts), 2 * group_B + 1]).argsort(stable=True)
    order = order[queries[order] > 0]
    index, real, queries = index[order], real[order], queries[order]
    keys = real.sum(1)
    return Sequences(
        *takers_of(index[real], len(packing.positions_N)),
        query_starts=_starts(queries),
        key_starts=_starts(keys),
        longest_query=int(queries.max()),
        longest_key=int(keys.max()),
    )


def varlen_attention(
    query: Tensor, key: Tensor, value: Tensor, where: Sequences, scale: float | None, soft_cap: float | None = None
) -> Tensor:
    """Computes attention over a packed sequence: query `[H, N, D]`, key and value `[K, N, D]`. Returns `[N, H, D]`.

    Raises `ValueError` for a soft cap, which flash attention does not compute.
    """
    if soft_cap is not None:
        raise ValueError("varlen_attn has no soft cap")
    keys, values = (taken(x.transpose(0, 1), where.takers) for x in (key, value))
    return varlen(
        query.transpose(0, 1),
        keys,
        values,
        starts=(where.query_starts, where.key_starts),
        longest=(where.longest_query, where.longest_key),
        scale=query.shape[-1] ** -0.5 if scale is None else scale,
        window=where.window,
    )


def _starts(lengths: Tensor) -> Tensor:
    return torch.cat([lengths.new_zeros(1), lengths.cumsum(0)]).int()
