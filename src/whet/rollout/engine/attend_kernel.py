"""One Triton kernel for a decoding step's attention: rotation, cache write, and attention over [prompt ‖ own].

A program serves one row and one key-value head: its `r` query heads are rows of one matrix, padded to 16, the least
that a matrix unit takes. The row's prompt is read where all rows of the prompt share it; both parts end at their
lengths, so room that is not used costs nothing. The softmax is computed block by block (arXiv:1805.02867) in float32.
The new token's key and value come from registers: what a program has just stored it cannot safely load.
"""

import triton
import triton.language as tl

QUERIES = 16
"""Rows of a matrix product, at least."""

LAUNCHES = {16: (64, 4), 32: (64, 4), 64: (64, 4), 128: (32, 4), 256: (32, 8)}
"""Head size, rounded up to a power of two → tokens whose keys a program holds at once, and its warps: what does without
spilt registers on compute capabilities 8.0 and 9.0."""


@triton.jit
def turned(at, d, mask, cosine, sine, SIZE: tl.constexpr):
    """Loads heads at pointers `at` `[…, 1]` and rotates them: x cos + (x₂ ‖ x₁) sin, with the sine's sign in it."""
    other = tl.where(d < SIZE // 2, d + SIZE // 2, d - SIZE // 2)  # the dimension that is rotated with d
    x = tl.load(at + d, mask=mask, other=0.0).to(tl.float32) * cosine
    return x + tl.load(at + other, mask=mask, other=0.0).to(tl.float32) * sine


@triton.jit
def capped(score, soft_cap, CAPPED: tl.constexpr):
    """cap · tanh(score / cap), where there is a cap; tanh(x) = 2 σ(2 x) − 1."""
    if CAPPED:
        score = soft_cap * (2.0 * tl.sigmoid(2.0 * score / soft_cap) - 1.0)
    return score


@triton.jit
def attended(
    queries, keys, values, first, end, top, total, seen, soft_cap,
    CAPPED: tl.constexpr, SIZE: tl.constexpr, BLOCK: tl.constexpr,
):  # fmt: skip
    """Goes on with a softmax over the tokens `first` … `end` − 1 of a cache: its maximum, sum and weighted values."""
    n, d = tl.arange(0, BLOCK), tl.arange(0, queries.shape[1])
    at = first // BLOCK * BLOCK
    while at < end:
        there = (at + n < end) & (at + n >= first)
        mask = there[:, None] & (d < SIZE)[None, :]
        places = (at + n[:, None]) * SIZE + d[None, :]
        score = tl.dot(queries, tl.trans(tl.load(keys + places, mask=mask, other=0.0)), input_precision="ieee")
        score = tl.where(there[None, :], capped(score, soft_cap, CAPPED), float("-inf"))
        higher = tl.maximum(top, tl.max(score, 1))
        share, shrunk = tl.exp(score - higher[:, None]), tl.exp(top - higher)
        some = tl.load(values + places, mask=mask, other=0.0)
        seen = seen * shrunk[:, None] + tl.dot(share.to(some.dtype), some, input_precision="ieee")
        total = total * shrunk + tl.sum(share, 1)
        top = higher
        at += BLOCK
    return top, total, seen


@triton.jit
def attend_kernel(
    query_key, value, cosine, sine, prompt_keys, prompt_values, own_keys, own_values, out,
    prompt_of, lengths, slot_of_all, scale, soft_cap, query_key_stride, value_stride, L, C,
    WINDOW: tl.constexpr, CAPPED: tl.constexpr, KV: tl.constexpr, REPEATS: tl.constexpr,
    SIZE: tl.constexpr, WIDE: tl.constexpr, QUERIES: tl.constexpr, BLOCK: tl.constexpr,
):  # fmt: skip
    """Attends from a token of every row: query and key `[R, H + K, D]` and value `[R, K, D]` to out `[R, H, D]`.

    Caches: prompts `[Q, K, L, D]`, own `[R, K, C, D]`. Angles by position `[S, D]`.
    """
    row, head = tl.program_id(0).to(tl.int64), tl.program_id(1)
    m, d = tl.arange(0, QUERIES), tl.arange(0, WIDE)
    real_d, real = d < SIZE, (m[:, None] < REPEATS) & (d < SIZE)[None, :]
    prompt, slot = tl.load(prompt_of + row), tl.load(slot_of_all).to(tl.int32)
    length = tl.load(lengths + prompt).to(tl.int32)
    now = length + slot  # the position of the new token
    cos = tl.load(cosine + now * SIZE + d, mask=real_d, other=0.0).to(tl.float32)
    sin = tl.load(sine + now * SIZE + d, mask=real_d, other=0.0).to(tl.float32)
    kind = own_keys.dtype.element_ty
    heads = query_key + row * query_key_stride
    q = turned(heads + (head * REPEATS + m[:, None]) * SIZE, d[None, :], real, cos[None, :], sin[None, :], SIZE)
    q = (q * scale).to(kind)
    k = turned(heads + (KV * REPEATS + head) * SIZE, d, real_d, cos, sin, SIZE).to(kind)
    v = tl.load(value + row * value_stride + head * SIZE + d, mask=real_d, other=0.0)
    own, shared = (row * KV + head) * C * SIZE, (prompt * KV + head) * L * SIZE
    tl.store(own_keys + own + slot * SIZE + d, k, mask=real_d)
    tl.store(own_values + own + slot * SIZE + d, v, mask=real_d)
    # the softmax begins with the new token itself, so every row has at least this one
    top = capped(tl.sum(q.to(tl.float32) * k.to(tl.float32)[None, :], 1), soft_cap, CAPPED)
    total = tl.full([QUERIES], 1.0, tl.float32)
    seen = tl.zeros([QUERIES, WIDE], tl.float32) + v.to(tl.float32)[None, :]
    first = tl.maximum(now - WINDOW + 1, 0) if WINDOW else 0
    top, total, seen = attended(
        q, prompt_keys + shared, prompt_values + shared, first, length, top, total, seen, soft_cap, CAPPED, SIZE, BLOCK
    )
    first = tl.maximum(first - length, 0)
    top, total, seen = attended(
        q, own_keys + own, own_values + own, first, slot, top, total, seen, soft_cap, CAPPED, SIZE, BLOCK
    )
    at = out + (row * KV + head) * REPEATS * SIZE + m[:, None] * SIZE + d[None, :]
    tl.store(at, (seen / total[:, None]).to(out.dtype.element_ty), mask=real)
