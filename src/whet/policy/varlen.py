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
    group_B, prompt_P, own_B = packing.group_B, packing.real_PL.sum(1), packing.real_BT.sum(1)
    tokens_P = prompt_P.index_add(0, group_B, own_B)
    begin_P = tokens_P.cumsum(0) - tokens_P  # of each prompt in the packed sequence
    # of each sequence: its prompt's place, how many keys come from the prompt, and its own tokens
    group = torch.cat([torch.arange(len(prompt_P)), group_B])
    before, queries = torch.cat([torch.zeros_like(prompt_P), prompt_P[group_B]]), torch.cat([prompt_P, own_B])
    # packed order: each prompt before its completions
    order = group.argsort(stable=True)
    order = order[queries[order] > 0]
    group, before, queries = group[order], before[order], queries[order]
    query_starts, key_starts = _starts(queries), _starts(before + queries)
    two_runs = (torch.stack(pair, 1).flatten() for pair in ((begin_P[group], query_starts[:-1]), (before, queries)))
    shared_S, places_SW, real_SW = _of_prompts(group, key_starts[:-1], begin_P, prompt_P)
    return Sequences(
        index_M=_runs(*two_runs),
        place_N=_runs(key_starts[:-1] + before, queries),
        taken_N=None,
        shared_S=shared_S,
        places_SW=places_SW,
        real_SW=real_SW,
        query_starts=query_starts.int(),
        key_starts=key_starts.int(),
        longest_query=int(queries.max()),
        longest_key=int((before + queries).max()),
    )


def _of_prompts(group: Tensor, key_starts: Tensor, begin_P: Tensor, prompt_P: Tensor) -> tuple[Tensor, ...]:
    """The last three of `Takers`: tokens of prompts, taken by the group's sequences at the beginning of their keys."""
    count_P = torch.bincount(group, minlength=len(prompt_P))
    first_PW = count_P.new_zeros(len(prompt_P), int(count_P.max())).index_put((group, ranks(group)), key_starts)
    shared = ((count_P > 1) & (prompt_P > 0)).nonzero()[:, 0]
    shared_S = _runs(begin_P[shared], prompt_P[shared])
    prompt_S = shared.repeat_interleave(prompt_P[shared])
    real_SW = torch.arange(first_PW.shape[1]) < count_P[prompt_S, None]
    places_SW = first_PW[prompt_S] + (shared_S - begin_P[prompt_S])[:, None]
    return shared_S, torch.where(real_SW, places_SW, 0), real_SW


def _runs(starts: Tensor, lengths: Tensor) -> Tensor:
    """Numbers that ascend by one from each start, end to end.

    >>> _runs(torch.tensor([7, 0]), torch.tensor([2, 3])).tolist()
    [7, 8, 0, 1, 2]
    """
    ends = lengths.cumsum(0)
    return (starts - ends + lengths).repeat_interleave(lengths) + torch.arange(int(lengths.sum()))


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
    return torch.cat([lengths.new_zeros(1), lengths.cumsum(0)])
