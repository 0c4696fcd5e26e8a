"""Attention over completions that share a prompt, packed so that the prompt is computed once.

Two exact attentions: prompts causally, and each completion over [its prompt ‖ itself]. The query heads of a key-value
head are rows of one product with its keys. The weights are kept for the backward up to a budget, else recomputed.
Scores are written down, so memory grows with completions × their length squared: `varlen.py` is the way without.

Shapes: `H` query heads, `K` key-value heads, `r = H / K`, `D` head size, `N` packed tokens; `P`, `W`, `L`, `T` as in
`whet.policy.grid`. Inside, queries are `[K, P, W, T, r, D]`, keys and values `[K, P, W, S, D]` and weights
`[K, P, W, T, r, S]`. Prompts are rows with W = 1, T = S = L; completions have S = L + T.
"""

from typing import Any, NamedTuple

import torch
from torch import Tensor

from whet.models.soft_caps import cap_slope, soft_capped
from whet.policy.grid import Grid

KEPT = 2**22
"""Attention weights that a layer may keep for its backward: 8 MiB in bfloat16."""


class Rows(NamedTuple):
    """Queries, the keys and values they attend to, and the mask of those hidden from them."""

    queries: Tensor
    keys: Tensor
    values: Tensor
    hidden: Tensor
    """bool `[P or 1, T, S]`."""


def shared_prefix_attention(
    query: Tensor, key: Tensor, value: Tensor, where: Grid, scale: float | None, soft_cap: float | None = None
) -> Tensor:
    """Computes attention over a packed sequence: query `[H, N, D]`, key and value `[K, N, D]`. Returns `[N, H, D]`.

    Scores, scaled, are capped before the softmax where there is a soft cap.
    """
    scale = query.shape[-1] ** -0.5 if scale is None else scale
    out: Tensor = _Attention.apply(query * scale, key, value, where, soft_cap)  # type: ignore[no-untyped-call]
    return out


class _Attention(torch.autograd.Function):
    """Scores S = q kᵀ, weights A = softmax(S), seen = A v; ∂S = A ∘ (∂A − Σ A ∘ ∂A) with ∂A = ∂seen vᵀ.

    With a soft cap A = softmax(cap · tanh(S / cap)), and ∂S is times 1 − tanh(S / cap)².
    """

    @staticmethod
    def forward(ctx: Any, query: Tensor, key: Tensor, value: Tensor, where: Grid, soft_cap: float | None) -> Tensor:
        rows = _prompts_and_responses(query, key, value, where)
        weights = [_weights(_scores(each, soft_cap), each.hidden) for each in rows]
        ctx.where, ctx.soft_cap = where, soft_cap
        # weights go through autograd, which frees them as the backward proceeds, layer by layer; with a soft cap the
        # backward needs the scores as well, so nothing is kept
        kept = weights if soft_cap is None and sum(map(torch.numel, weights)) <= KEPT else []
        ctx.save_for_backward(query, key, value, *kept)
        prompts, responses = (_times(shares, each.values) for shares, each in zip(weights, rows, strict=True))
        return _packed(prompts, responses, where)

    @staticmethod
    def backward(ctx: Any, *upstream: Tensor) -> tuple[Tensor, Tensor, Tensor, None, None]:
        (query, key, value, *kept), where = ctx.saved_tensors, ctx.where
        rows = _prompts_and_responses(query, key, value, where)
        again = [] if kept else [_with_cap_slope(each, ctx.soft_cap) for each in rows]
        weights, cap_slopes = zip(*(again or [(each, None) for each in kept]), strict=True)
        slopes = _slopes_of_rows(upstream[0].transpose(0, 1), len(key), where)
        of_prompts, of_responses = map(_slopes, rows, weights, slopes, cap_slopes)
        by_query = of_prompts[0], of_responses[0]
        by_key, by_value = (_by_place(*pair, where) for pair in zip(of_prompts[1:], of_responses[1:], strict=True))
        packed = (_packed(*pair, where).transpose(0, 1) for pair in (by_query, by_key, by_value))
        return *packed, None, None  # type: ignore[return-value]


def _prompts_and_responses(query: Tensor, key: Tensor, value: Tensor, where: Grid) -> tuple[Rows, Rows]:
    kv_heads, places = len(key), where.grid_PWT.shape[1]
    of_prompt, of_response = (_rows(query, grid, kv_heads) for grid in (where.prompt_P1L, where.grid_PWT))
    shared, own = (
        [_rows(x, grid, kv_heads).squeeze(-2) for x in (key, value)] for grid in (where.prompt_P1L, where.grid_PWT)
    )
    both = [torch.cat([x.expand(-1, -1, places, -1, -1), y], -2) for x, y in zip(shared, own, strict=True)]
    prompts = Rows(of_prompt, keys=shared[0], values=shared[1], hidden=where.future_LL)
    return prompts, Rows(of_response, keys=both[0], values=both[1], hidden=where.hidden_PTS)


def _scores(rows: Rows, soft_cap: float | None) -> Tensor:
    scores = _times(rows.queries, rows.keys.transpose(-1, -2))
    return scores if soft_cap is None else soft_capped(scores, soft_cap)


def _weights(scores: Tensor, hidden: Tensor) -> Tensor:
    """The attention weights, a softmax over the keys that sums in float32; writes over the scores."""
    bias = hidden.to(scores.dtype) * torch.finfo(scores.dtype).min
    return scores.add_(bias[:, None, :, None]).softmax(-1)


def _with_cap_slope(rows: Rows, soft_cap: float | None) -> tuple[Tensor, Tensor | None]:
    """The attention weights, and the slope of the soft cap at their scores."""
    scores = _scores(rows, soft_cap)
    slope = None if soft_cap is None else cap_slope(scores, soft_cap)
    return _weights(scores, rows.hidden), slope


def _slopes_of_rows(slope: Tensor, kv_heads: int, where: Grid) -> tuple[Tensor, Tensor]:
    """Gathers the gradient `[H, N, D]` of the output to rows; zero at places without a token."""
    of_prompt, of_response = (_rows(slope, grid, kv_heads) for grid in (where.prompt_P1L, where.grid_PWT))
    return of_prompt.mul_(where.real_PL[:, None, :, None, None]), of_response.mul_(where.real_PWT[..., None, None])


def _slopes(rows: Rows, weights: Tensor, slope: Tensor, of_cap: Tensor | None) -> tuple[Tensor, Tensor, Tensor]:
    """The gradients ∂queries, ∂keys and ∂values."""
    by_weight = _times(slope, rows.values.transpose(-1, -2))
    # ∂S = A ∘ (∂A − Σ A ∘ ∂A), fused
    by_score = torch._softmax_backward_data(by_weight, weights, -1, weights.dtype)
    if of_cap is not None:
        by_score *= of_cap
    return _times(by_score, rows.keys), _summed(by_score, rows.queries), _summed(weights, slope)


def _by_place(prompts: Tensor, responses: Tensor, where: Grid) -> tuple[Tensor, Tensor]:
    """Splits gradients of keys or values `[K, P, W, S, D]`; a prompt's are summed over all rows that attended to it."""
    over_prompt, own = responses.split(where.real_PL.shape[1:] + where.grid_PWT.shape[2:], -2)
    return prompts + over_prompt.sum(2, keepdim=True), own


def _times(x: Tensor, y: Tensor) -> Tensor:
    """x `[K, P, W, T, r, A]` times y `[K, P, W, A, B]`: `[K, P, W, T, r, B]`."""
    return torch.bmm(x.flatten(3, 4).flatten(0, 2), y.flatten(0, 2)).view(*x.shape[:-1], y.shape[-1])


def _summed(x: Tensor, y: Tensor) -> Tensor:
    """xᵀ y over the rows that share keys: `[K, P, W, A, B]` for x `[K, P, W, T, r, A]` and y `[K, P, W, T, r, B]`."""
    rows, others = (z.flatten(3, 4).flatten(0, 2) for z in (x, y))
    return torch.bmm(rows.transpose(1, 2), others).view(*x.shape[:3], x.shape[-1], y.shape[-1])


def _rows(x: Tensor, grid: Tensor, kv_heads: int) -> Tensor:
    """Gathers `[K·r, N, D]` at a grid `[P, W, T]` of token indices: `[K, P, W, T, r, D]`."""
    heads, tokens, size = x.shape
    by_head = x.transpose(0, 1).reshape(tokens, kv_heads, -1).transpose(0, 1)
    return by_head.index_select(1, grid.flatten()).view(kv_heads, *grid.shape, heads // kv_heads, size)


def _packed(prompts: Tensor, responses: Tensor, where: Grid) -> Tensor:
    """Puts rows `[K, P, W, T(, r), D]` back in packed order: `[N, K·r, D]`."""
    flat = torch.cat([x.flatten(1, 3).flatten(2) for x in (prompts, responses)], 1)
    return flat.transpose(0, 1).index_select(0, where.place_N).view(len(where.place_N), -1, prompts.shape[-1])
