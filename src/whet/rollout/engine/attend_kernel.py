"""One Triton kernel for a decoding step's attention: rotation, cache write, and attention over [prompt ‖ own].

A program serves one row and one key-value head: its `r` query heads are rows of one matrix, padded to 16, the least
that a matrix unit takes. Keys and values lie in pages, and a prompt's are shared by all its rows; both parts end at
their lengths, so room that is not used costs nothing, and a place without a row next to nothing. The softmax is
computed block by block (arXiv:1805.02867) in float32; a block lies in one page.
The new token's key and value come from registers: what a program has just stored it cannot safely load.
"""

from typing import NamedTuple

import triton
import triton.language as tl

QUERIES = 16
"""Rows of a matrix product, at least."""


class Launch(NamedTuple):
    """How a program of the kernel works."""

    block: int
    """Tokens whose keys and values it computes with at once; divides a page."""
    warps: int
    stages: int
    """Blocks that are in shared memory at the same time: the next ones are loaded meanwhile."""


LAUNCHES = {
    16: Launch(128, 4, 2),
    32: Launch(128, 4, 2),
    64: Launch(128, 4, 2),
    128: Launch(64, 8, 2),
    256: Launch(32, 8, 2),
}
"""By head size, rounded up to a power of two. For heads of 64 among the fastest of fifteen on an H200, with 64 rows as
with 512 (LOG.md). None spills registers on compute capabilities 8.0 and 9.0."""


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
    queries, keys, values, pages, first, end, top, total, seen, soft_cap, page_stride,
    CAPPED: tl.constexpr, SIZE: tl.constexpr, PAGE: tl.constexpr, BLOCK: tl.constexpr, STAGES: tl.constexpr,
):  # fmt: skip
    """Goes on with a softmax over the tokens `first` … `end` − 1 of some pages: its maximum, sum and weighted values.

    The next block's page is loaded while a block is computed with, past the end too: a table has a column more.
    """
    n, d = tl.arange(0, BLOCK), tl.arange(0, queries.shape[1])
    inside = n[:, None] * SIZE + d[None, :]
    page = tl.load(pages + first // PAGE)
    for at in tl.range(first // BLOCK * BLOCK, end, BLOCK, num_stages=STAGES):
        there = (at + n < end) & (at + n >= first)
        mask = there[:, None] & (d < SIZE)[None, :]
        block = page.to(tl.int64) * page_stride + at % PAGE * SIZE
        page = tl.load(pages + (at + BLOCK) // PAGE)
        score = tl.dot(queries, tl.trans(tl.load(keys + block + inside, mask=mask, other=0.0)), input_precision="ieee")
        score = tl.where(there[None, :], capped(score, soft_cap, CAPPED), float("-inf"))
        higher = tl.maximum(top, tl.max(score, 1))
        share, shrunk = tl.exp(score - higher[:, None]), tl.exp(top - higher)
        some = tl.load(values + block + inside, mask=mask, other=0.0)
        seen = seen * shrunk[:, None] + tl.dot(share.to(some.dtype), some, input_precision="ieee")
        total = total * shrunk + tl.sum(share, 1)
        top = higher
    return top, total, seen


@triton.jit
def attend_kernel(
    query_key, value, cosine, sine, keys, values, out, table,
    scale, soft_cap, query_key_stride, value_stride, table_stride, own_column,
    WINDOW: tl.constexpr, CAPPED: tl.constexpr, KV: tl.constexpr, REPEATS: tl.constexpr,
    SIZE: tl.constexpr, WIDE: tl.constexpr, QUERIES: tl.constexpr,
    PAGE: tl.constexpr, BLOCK: tl.constexpr, STAGES: tl.constexpr,
):  # fmt: skip
    """Attends from a token of every row: query and key `[R, H + K, D]` and value `[R, K, D]` to out `[R, H, D]`.

    Keys and values lie in pages `[P, K, PAGE, D]`. The table `[R, …]` has a row's prompt length, its own tokens so far,
    its prompt's pages, and from `own_column` on its own. Angles by position `[S, D]`.
    """
    row, head = tl.program_id(0).to(tl.int64), tl.program_id(1)
    m, d = tl.arange(0, QUERIES), tl.arange(0, WIDE)
    real_d, real = d < SIZE, (m[:, None] < REPEATS) & (d < SIZE)[None, :]
    line = table + row * table_stride
    length, slot = tl.load(line), tl.load(line + 1)
    now = length + slot  # the position of the new token
    own_page = tl.load(line + own_column + slot // PAGE)
    cos = tl.load(cosine + now * SIZE + d, mask=real_d, other=0.0).to(tl.float32)
    sin = tl.load(sine + now * SIZE + d, mask=real_d, other=0.0).to(tl.float32)
    kind = keys.dtype.element_ty
    heads = query_key + row * query_key_stride
    q = turned(heads + (head * REPEATS + m[:, None]) * SIZE, d[None, :], real, cos[None, :], sin[None, :], SIZE)
    q = (q * scale).to(kind)
    k = turned(heads + (KV * REPEATS + head) * SIZE, d, real_d, cos, sin, SIZE).to(kind)
    v = tl.load(value + row * value_stride + head * SIZE + d, mask=real_d, other=0.0)
    page_stride = KV * PAGE * SIZE
    keys, values = keys + head * PAGE * SIZE, values + head * PAGE * SIZE
    mine = own_page.to(tl.int64) * page_stride + slot % PAGE * SIZE + d
    tl.store(keys + mine, k, mask=real_d)
    tl.store(values + mine, v, mask=real_d)
    # the softmax begins with the new token itself, so every row has at least this one
    top = capped(tl.sum(q.to(tl.float32) * k.to(tl.float32)[None, :], 1), soft_cap, CAPPED)
    total = tl.full([QUERIES], 1.0, tl.float32)
    seen = tl.zeros([QUERIES, WIDE], tl.float32) + v.to(tl.float32)[None, :]
    first = tl.maximum(now - WINDOW + 1, 0) if WINDOW else 0
    top, total, seen = attended(
        q, keys, values, line + 2, first, length, top, total, seen, soft_cap, page_stride,
        CAPPED, SIZE, PAGE, BLOCK, STAGES,
    )  # fmt: skip
    first = tl.maximum(first - length, 0)
    top, total, seen = attended(
        q, keys, values, line + own_column, first, slot, top, total, seen, soft_cap, page_stride,
        CAPPED, SIZE, PAGE, BLOCK, STAGES,
    )  # fmt: skip
    at = out + (row * KV + head) * REPEATS * SIZE + m[:, None] * SIZE + d[None, :]
    tl.store(at, (seen / total[:, None]).to(out.dtype.element_ty), mask=real)
