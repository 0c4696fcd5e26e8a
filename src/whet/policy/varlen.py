"""Attention over completions that share a prompt by flash attention on sequences of unequal lengths.

Every prompt and every completion is a sequence of queries; its keys are those of [its prompt ‖ itself], gathered. No
score is ever written down, so memory grows with the tokens, not with their square. Gathering costs a copy of a prompt's
keys and values for each of its completions; the products are those of attention over shared keys.

Shapes: `H` query heads, `K` key-value heads, `D` head size, `N` packed tokens, `M` gathered keys.
"""

from typing import NamedTuple

import torch
from torch import Tensor

from whet.policy.packing import Packing, ranks
from whet.policy.shared_rows import Takers, taken
from whet.policy.varlen_call import varlen


class Sequences(NamedTuple):
    """The sequences of queries in packed order, and the keys of each: `[prompt]`, or `[its prompt ‖ itself]`."""

    index_M: Tensor
    """int64: index in the packed sequence of each key."""
    place_N: Tensor
    """int64: the place among the keys of each packed token in its own sequence."""
    shared_S: Tensor
    """int64: index in the packed sequence of each prompt token."""
    places_SW: Tensor
    """int64: the places among the keys of each prompt token: in its prompt, and in each completion's keys."""
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

    def within(self, window: int | None) -> "Sequences":
        """Returns the layout with a sliding window."""
        return self._replace(window=window)


def sequences_of(packing: Packing) -> Sequences:
    """Returns the sequences of a packed sequence of tokens. Completions without tokens have none."""
    some_B = packing.real_BT.any(1)
    group_B, prompts = packing.group_B[some_B], len(packing.prompt_PL)
    # a padded row of keys per sequence: all prompts, [L + T], then completions, [its prompt ‖ itself]
    prompt_of_row = torch.cat([torch.arange(prompts), group_B])
    index, real = (
        torch.cat([of_prompts[prompt_of_row], torch.cat([own.new_zeros(prompts, own.shape[1]), own[some_B]])], 1)
        for of_prompts, own in (
            (packing.prompt_PL, packing.response_BT),
            (packing.real_PL, packing.real_BT),
        )
    )
    # packed order: each prompt before its completions
    order = torch.cat([2 * torch.arange(prompts), 2 * group_B + 1]).argsort(stable=True)
    keys, queries = real.sum(1), torch.cat([packing.real_PL.sum(1), packing.real_BT[some_B].sum(1)])
    key_starts = _starts(keys[order])
    first = torch.empty_like(keys).scatter(0, order, key_starts[:-1].long())  # the place of each row's first key
    starts_PW, there_PW = _by_prompt(first, group_B, prompts)
    prompt_S, step_S = packing.real_PL.nonzero(as_tuple=True)
    index_M = index[order][real[order]]
    # a sequence's own tokens are the last of its keys
    own_M = (real.cumsum(1) > (keys - queries)[:, None])[order][real[order]]
    return Sequences(
        index_M=index_M,
        place_N=torch.empty_like(packing.positions_N).scatter(0, index_M[own_M], own_M.nonzero()[:, 0]),
        shared_S=packing.prompt_PL[packing.real_PL],
        places_SW=torch.where(there_PW[prompt_S], starts_PW[prompt_S] + step_S[:, None], 0),
        real_SW=there_PW[prompt_S],
        query_starts=_starts(queries[order]),
        key_starts=key_starts,
        longest_query=int(queries.max()),
        longest_key=int(keys.max()),
    )


def varlen_attention(query: Tensor, key: Tensor, value: Tensor, where: Sequences, scale: float | None) -> Tensor:
    """Computes attention over a packed sequence: query `[H, N, D]`, key and value `[K, N, D]`. Returns `[N, H, D]`."""
    takers = Takers(where.index_M, where.place_N, None, where.shared_S, where.places_SW, where.real_SW)
    keys, values = (taken(x.transpose(0, 1), takers) for x in (key, value))
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


def _by_prompt(first: Tensor, group_B: Tensor, prompts: int) -> tuple[Tensor, Tensor]:
    """The first keys of a prompt's own sequence and of its completions', `[P, 1 + W]`, and which of them there are."""
    group = torch.cat([torch.arange(prompts), group_B])
    place = torch.cat([torch.zeros(prompts, dtype=torch.long), 1 + ranks(group_B)])
    starts = first.new_zeros(prompts, int(place.max()) + 1)
    there = torch.zeros_like(starts, dtype=torch.bool)
    return starts.index_put((group, place), first), there.index_put((group, place), torch.tensor(True))
