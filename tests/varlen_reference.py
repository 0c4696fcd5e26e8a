"""What `varlen_attn` computes, in float64 by a loop over sequences, under each of its three signatures."""

from typing import Any

import torch
from torch import Tensor

CALLS: list[dict[str, Any]] = []
"""The keywords of the calls so far."""


def attention_by_loop(
    query: Tensor, key: Tensor, value: Tensor, starts_q: Tensor, starts_k: Tensor, scale: float, left: int
) -> Tensor:
    """softmax(q kᵀ · scale) v for each sequence and head; the last query sees the last key, `left` keys before its own.

    Query `[N, H, D]`, key and value `[M, K, D]`; `left` −1 is all keys before.
    """
    repeats = query.shape[1] // key.shape[1]
    out = []
    for at in range(len(starts_q) - 1):
        q = query[starts_q[at] : starts_q[at + 1]].double()
        k, v = (x[starts_k[at] : starts_k[at + 1]].double().repeat_interleave(repeats, 1) for x in (key, value))
        scores = torch.einsum("qhd,khd->hqk", q, k) * scale
        own = torch.arange(len(q))[:, None] + len(k) - len(q)  # causal, aligned at the end
        back = own - torch.arange(len(k))
        hidden = (back < 0) | ((back > left) if left >= 0 else torch.zeros_like(back, dtype=torch.bool))
        out.append(torch.einsum("hqk,khd->qhd", scores.masked_fill(hidden, -torch.inf).softmax(-1), v))
    return torch.cat(out).to(query.dtype)


def gradients_by_loop(
    slope: Tensor, query: Tensor, key: Tensor, value: Tensor, starts_q: Tensor, starts_k: Tensor, scale: float
) -> tuple[Tensor, Tensor, Tensor]:
    """The gradients of `attention_by_loop` without a window: ∂S = A ∘ (∂A − Σ A ∘ ∂A) with ∂A = ∂out vᵀ."""
    kv_heads, found = key.shape[1], []
    for at in range(len(starts_q) - 1):
        queries, keys = slice(starts_q[at], starts_q[at + 1]), slice(starts_k[at], starts_k[at + 1])
        q, g = query[queries].double(), slope[queries].double()
        k, v = (x[keys].double().repeat_interleave(query.shape[1] // kv_heads, 1) for x in (key, value))
        future = torch.ones(len(q), len(k), dtype=torch.bool).triu(1 + len(k) - len(q))
        weights = (torch.einsum("qhd,khd->hqk", q, k) * scale).masked_fill(future, -torch.inf).softmax(-1)
        by_weight = torch.einsum("qhd,khd->hqk", g, v)
        by_score = weights * (by_weight - (weights * by_weight).sum(-1, keepdim=True)) * scale
        by_key, by_value = torch.einsum("hqk,qhd->khd", by_score, q), torch.einsum("hqk,qhd->khd", weights, g)
        summed = (x.unflatten(1, (kv_heads, -1)).sum(2) for x in (by_key, by_value))
        found.append((torch.einsum("hqk,khd->qhd", by_score, k), *summed))
    by_query, by_keys, by_values = (torch.cat(parts).to(query.dtype) for parts in zip(*found, strict=True))
    return by_query, by_keys, by_values


def torch_2_10(
    query: Tensor,
    key: Tensor,
    value: Tensor,
    cu_seq_q: Tensor,
    cu_seq_k: Tensor,
    max_q: int,
    max_k: int,
    is_causal: bool = False,
    return_aux: Any = None,
) -> Tensor:
    """As torch 2.10 declares it: causal by a flag, the scale is that of the head size."""
    CALLS.append({"is_causal": is_causal})
    _check(cu_seq_q, cu_seq_k, max_q, max_k)
    assert is_causal
    return attention_by_loop(query, key, value, cu_seq_q, cu_seq_k, query.shape[-1] ** -0.5, -1)


def torch_2_11(
    query: Tensor,
    key: Tensor,
    value: Tensor,
    cu_seq_q: Tensor,
    cu_seq_k: Tensor,
    max_q: int,
    max_k: int,
    *,
    return_aux: Any = None,
    scale: float | None = None,
    window_size: tuple[int, int] = (-1, -1),
) -> Tensor:
    """As torch 2.11 declares it: causal by the window, the scale is free."""
    CALLS.append({"scale": scale, "window_size": window_size})
    _check(cu_seq_q, cu_seq_k, max_q, max_k)
    assert window_size[1] == 0
    assert scale is not None
    return attention_by_loop(query, key, value, cu_seq_q, cu_seq_k, scale, window_size[0])


def torch_2_12(
    query: Tensor,
    key: Tensor,
    value: Tensor,
    cu_seq_q: Tensor,
    cu_seq_k: Tensor | None,
    max_q: int,
    max_k: int,
    *,
    return_aux: Any = None,
    scale: float | None = None,
    window_size: tuple[int, int] = (-1, -1),
    enable_gqa: bool = False,
    seqused_k: Tensor | None = None,
    block_table: Tensor | None = None,
    num_splits: int | None = None,
) -> Tensor:
    """As torch 2.12 and later declare it: unequal head counts need a flag."""
    assert cu_seq_k is not None
    if query.shape[1] != key.shape[1] and not enable_gqa:
        raise ValueError("Try setting enable_gqa=True for GQA.")
    CALLS.append({"scale": scale, "window_size": window_size, "enable_gqa": enable_gqa})
    _check(cu_seq_q, cu_seq_k, max_q, max_k)
    assert scale is not None
    return attention_by_loop(query, key, value, cu_seq_q, cu_seq_k, scale, window_size[0])


SIGNATURES = {"2.10": torch_2_10, "2.11": torch_2_11, "2.12": torch_2_12}


def _check(cu_seq_q: Tensor, cu_seq_k: Tensor, max_q: int, max_k: int) -> None:
    """The kernels read garbage where starts are no int32, and leave tokens out where a longest length is too small."""
    assert cu_seq_q.dtype == cu_seq_k.dtype == torch.int32
    assert (max_q, max_k) == (int(cu_seq_q.diff().max()), int(cu_seq_k.diff().max()))
