"""One Triton kernel for a decoding step's attention: rotation, cache write, and attention over [prompt ‖ own].

A program serves one row and one key-value head: its `r` query heads are rows of one matrix, padded to 16, the least
that a matrix unit takes. The row's prompt is read where all rows of the prompt share it; both parts end at their
lengths, so room that is not used costs nothing. The softmax is computed block by block (arXiv:1805.02867) in float32.
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
    """Tokens whose keys and values it computes with at once."""
    warps: int
    stages: int
    """Blocks that are in shared memory at the same time: the next ones are loaded meanwhile."""


FEW_PROGRAMS = 512
"""Rows × key-value heads up to which a processor has so few programs that each should load much at a time."""

FEW = {
    16: Launch(128, 4, 2),
    32: Launch(128, 4, 2),
    64: Launch(128, 4, 2),
    128: Launch(64, 8, 2),
    256: Launch(32, 8, 2),
}
"""By head size, rounded up to a power of two."""

MANY = {16: Launch(64, 2, 2), 32: Launch(64, 2, 2), 64: Launch(64, 2, 2), 128: Launch(32, 4, 2), 256: Launch(32, 8, 2)}
"""For heads of 64 the fastest of fifteen on an H200 (LOG.md): 6.6 in place of 9.3 µs with 128 programs, 26.8 in place
of 33.7 with 1,024. None spills registers on compute capabilities 8.0 and 9.0."""


def launch(programs: int, size: int) -> Launch:
    """Returns how so many programs work on heads of this size, a power of two.

    >>> launch(128, 64), launch(1024, 64)
    (Launch(block=128, warps=4, stages=2), Launch(block=64, warps=2, stages=2))
    """
    return (FEW if programs <= FEW_PROGRAMS else MANY)[size]


def power_of_two(least: int) -> int:
    """Returns the smallest one that is not below `least`: what a block of a kernel must be.

    >>> power_of_two(7), power_of_two(64)
    (8, 64)
    """
    return 1 << (least - 1).bit_length()


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
    CAPPED: tl.constexpr, SIZE: tl.constexpr, BLOCK: tl.constexpr, STAGES: tl.constexpr,
):  # fmt: skip
    """Goes on with a softmax over the tokens `first` … `end` − 1 of a cache: its maximum, sum and weighted values."""
    n, d = tl.arange(0, BLOCK), tl.arange(0, queries.shape[1])
    for at in tl.range(first // BLOCK * BLOCK, end, BLOCK, num_stages=STAGES):
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
    return top, total, seen


@triton.jit
def attend_kernel(
    query_key, value, cosine, sine, prompt_keys, prompt_values, own_keys, own_values, out,
    prompt_of, lengths, slot_of_all, scale, soft_cap, query_key_stride, value_stride, L, C,
    WINDOW: tl.constexpr, CAPPED: tl.constexpr, KV: tl.constexpr, REPEATS: tl.constexpr,
    SIZE: tl.constexpr, WIDE: tl.constexpr, QUERIES: tl.constexpr, BLOCK: tl.constexpr, STAGES: tl.constexpr,
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
        q, prompt_keys + shared, prompt_values + shared, first, length, top, total, seen, soft_cap,
        CAPPED, SIZE, BLOCK, STAGES,
    )  # fmt: skip
    first = tl.maximum(first - length, 0)
    top, total, seen = attended(
        q, own_keys + own, own_values + own, first, slot, top, total, seen, soft_cap, CAPPED, SIZE, BLOCK, STAGES
    )
    at = out + (row * KV + head) * REPEATS * SIZE + m[:, None] * SIZE + d[None, :]
    tl.store(at, (seen / total[:, None]).to(out.dtype.element_ty), mask=real)
