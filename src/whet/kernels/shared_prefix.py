"""Attention over responses that share a prompt: the prompt's keys and values exist once.

Two products, both exact: prompts causally, and each response over [its prompt ‖ itself]. All responses to a prompt,
and all query heads of a key-value head, are rows of one product with the prompt's keys, so nothing is repeated.
Scores are computed again in the backward pass, so nothing of the size of an attention matrix is kept.

Shapes: `H` query heads, `K` key-value heads, `r = H / K`, `D` head size, `N` packed tokens; `P`, `W`, `L`, `T` as in
`whet.kernels.layout`. Inside, rows are `[P, K, W, r·T, D]`, and keys `[P, K, w, S, D]`, where w is W, or 1 for keys
that all responses to a prompt share. Prompts are rows with W = 1.
"""

from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor

from whet.kernels.layout import Layout

Keys = tuple[Tensor, Tensor]
"""Keys and values, each `[P, K, w, S, D]`."""


def shared_prefix_attention(query: Tensor, key: Tensor, value: Tensor, where: Layout, scale: float | None) -> Tensor:
    """Attention over a packed sequence: query `[H, N, D]`, key and value `[K, N, D]`. Returns `[N, H, D]`."""
    scale = query.shape[-1] ** -0.5 if scale is None else scale
    out: Tensor = _Attention.apply(query * scale, key, value, where)  # type: ignore[no-untyped-call]
    return out


class _Attention(torch.autograd.Function):
    """Scores S = q kᵀ, weights A = softmax(S), seen = A v; ∂S = A ∘ (∂A − Σ A ∘ ∂A) with ∂A = ∂seen vᵀ."""

    @staticmethod
    def forward(ctx: Any, query: Tensor, key: Tensor, value: Tensor, where: Layout) -> Tensor:
        ctx.save_for_backward(query, key, value)
        ctx.where = where
        prompt, response = _keys(key, value, where)
        asked, answered = (_rows(query, grid, len(key)) for grid in (where.prompt_P1L, where.grid_PWT))
        over_prompt = _seen([prompt], _weights(asked, [prompt], where.future_LL))
        over_both = _seen([prompt, response], _weights(answered, [prompt, response], where.hidden_PTS))
        return _packed(over_prompt, over_both, where)

    @staticmethod
    def backward(ctx: Any, *upstream: Tensor) -> tuple[Tensor, Tensor, Tensor, None]:
        (query, key, value), where = ctx.saved_tensors, ctx.where
        prompt, response = _keys(key, value, where)
        slope = upstream[0].transpose(0, 1)
        asked, asked_slope = (_rows(x, where.prompt_P1L, len(key)) for x in (query, slope))
        answered, answered_slope = (_rows(x, where.grid_PWT, len(key)) for x in (query, slope))
        asked_slope = asked_slope * _real(where.real_PL[:, None], asked)  # places without a token say nothing
        answered_slope = answered_slope * _real(where.real_PWT, answered)
        q1, (k1, v1) = _slopes(asked, [prompt], where.future_LL, asked_slope)
        q2, (k2, v2), (k3, v3) = _slopes(answered, [prompt, response], where.hidden_PTS, answered_slope)
        pairs = ((q1, q2), (k1 + k2, k3), (v1 + v2, v3))
        by_query, by_key, by_value = (_packed(*pair, where).transpose(0, 1) for pair in pairs)
        return by_query, by_key, by_value, None


def _keys(key: Tensor, value: Tensor, where: Layout) -> tuple[Keys, Keys]:
    """Of the prompts, w = 1, and of the responses, w = W."""
    kv_heads = len(key)
    prompt, response = (
        (_rows(key, grid, kv_heads), _rows(value, grid, kv_heads)) for grid in (where.prompt_P1L, where.grid_PWT)
    )
    return prompt, response


def _weights(rows: Tensor, sources: Sequence[Keys], hidden: Tensor) -> Tensor:
    """softmax over the keys of all sources together, `[P, K, W, r·T, ΣS]`, summed in float32 inside."""
    scores = torch.cat([_times(rows, keys.transpose(-1, -2)) for keys, _ in sources], -1)
    repeats = scores.shape[-2] // max(hidden.shape[-2], 1)
    return scores.masked_fill_(hidden.repeat(1, repeats, 1)[:, None, None], -torch.inf).softmax(-1)


def _seen(sources: Sequence[Keys], weights: Tensor) -> Tensor:
    shares = weights.split([values.shape[-2] for _, values in sources], -1)
    first, *others = (_times(share, values) for share, (_, values) in zip(shares, sources, strict=True))
    return sum(others, first)


def _slopes(rows: Tensor, sources: Sequence[Keys], hidden: Tensor, slope: Tensor) -> tuple[Any, ...]:
    """∂rows, then (∂keys, ∂values) of each source."""
    weights = _weights(rows, sources, hidden)
    by_weight = torch.cat([_times(slope, values.transpose(-1, -2)) for _, values in sources], -1)
    by_score = torch._softmax_backward_data(by_weight, weights, -1, weights.dtype)
    sizes = [keys.shape[-2] for keys, _ in sources]
    parts = list(zip(sources, weights.split(sizes, -1), by_score.split(sizes, -1), strict=True))
    first, *others = (_times(by, keys) for (keys, _), _, by in parts)
    by_keys = ((_summed(by, rows, keys), _summed(share, slope, keys)) for (keys, _), share, by in parts)
    return sum(others, first), *by_keys


def _times(x: Tensor, y: Tensor) -> Tensor:
    """x `[P, K, W, M, A]` times y `[P, K, w, A, B]`: `[P, K, W, M, B]`."""
    return (_joined(x, y.shape[2]) @ y).reshape(*x.shape[:-1], y.shape[-1])


def _summed(x: Tensor, y: Tensor, like: Tensor) -> Tensor:
    """xᵀ y over the rows that share keys: `[P, K, w, A, B]` for x `[P, K, W, M, A]` and y `[P, K, W, M, B]`."""
    shared = like.shape[2]
    return _joined(x, shared).transpose(-1, -2) @ _joined(y, shared)


def _joined(x: Tensor, shared: int) -> Tensor:
    """The rows of places that share keys, one after another: `[P, K, w, (W/w)·M, A]`."""
    prompts, kv_heads, places, rows, size = x.shape
    return x.reshape(prompts, kv_heads, shared, places // shared * rows, size)


def _rows(x: Tensor, grid: Tensor, kv_heads: int) -> Tensor:
    """`[K·r, N, D]` at a grid `[P, W, T]` of tokens, as `[P, K, W, r·T, D]`."""
    heads = x.index_select(1, grid.flatten()).reshape(kv_heads, len(x) // kv_heads, *grid.shape, x.shape[-1])
    return heads.permute(2, 0, 3, 1, 4, 5).flatten(3, 4)


def _real(real: Tensor, rows: Tensor) -> Tensor:
    """A mask `[P, W, T]` of places, for rows: `[P, 1, W, r·T, 1]`."""
    return real.repeat(1, 1, rows.shape[3] // real.shape[2])[:, None, :, :, None]


def _packed(prompts: Tensor, responses: Tensor, where: Layout) -> Tensor:
    """Rows back to their tokens: `[N, K·r, D]`."""
    repeats = responses.shape[3] // where.grid_PWT.shape[2]
    flat = [
        x.reshape(*x.shape[:3], repeats, grid.shape[2], x.shape[4])
        .permute(0, 2, 4, 1, 3, 5)
        .flatten(3, 4)
        .flatten(0, 2)
        for x, grid in ((prompts, where.prompt_P1L), (responses, where.grid_PWT))
    ]
    return torch.cat(flat)[where.place_N]
