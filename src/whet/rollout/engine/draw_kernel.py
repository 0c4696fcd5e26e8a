"""Two Triton kernels that draw a token for every row from its logits, by the same number as on a CPU.

The first reads the vocabulary once, in parts: each part's largest logit and its sum of exponentials. The second, one
program a row, computes the row's random number (SplitMix64 of key and position, as `whet.rollout.rng`), finds the part
in which the cumulative distribution reaches it, reads that part again, and finds the token. Sums over parts and inside
the part are float64, as in `whet.rollout.sampling`.
"""

import triton
import triton.language as tl

PART = 1024
"""Vocabulary entries that a program sums."""


@triton.jit
def sums_kernel(logits, tops, sums, bests, inverse_temperature, V, K, row_stride, PART: tl.constexpr):
    """Of each part `[R, K]`: the largest logit / temperature, the sum of exponentials, and the token of the largest."""
    row, part = tl.program_id(0).to(tl.int64), tl.program_id(1)
    token = part * PART + tl.arange(0, PART)
    logit = tl.load(logits + row * row_stride + token, mask=token < V, other=float("-inf")).to(tl.float32)
    logit = logit * inverse_temperature
    top = tl.max(logit, 0)
    finite = tl.where(top == float("-inf"), 0.0, top)
    tl.store(tops + row * K + part, top)
    tl.store(sums + row * K + part, tl.sum(tl.exp(logit - finite), 0))
    tl.store(bests + row * K + part, tl.min(tl.where(logit == top, token, V - 1), 0))


@triton.jit
def mixed(state):
    """SplitMix64's output function."""
    state = (state ^ (state >> 30)) * 0xBF58476D1CE4E5B9
    state = (state ^ (state >> 27)) * 0x94D049BB133111EB
    return state ^ (state >> 31)


@triton.jit
def tokens_kernel(
    logits, tops, sums, bests, keys, positions, tokens, logprobs, inverse_temperature, V, K, row_stride,
    GREEDY: tl.constexpr, PARTS: tl.constexpr, PART: tl.constexpr,
):  # fmt: skip
    """A row's token and its log-probability."""
    row = tl.program_id(0).to(tl.int64)
    k, n = tl.arange(0, PARTS), tl.arange(0, PART)
    top = tl.load(tops + row * K + k, mask=k < K, other=float("-inf"))
    highest = tl.max(top, 0)
    share = tl.load(sums + row * K + k, mask=k < K, other=0.0) * tl.exp(top - highest)
    total = tl.sum(share.to(tl.float64), 0)
    if GREEDY:
        best = tl.load(bests + row * K + k, mask=k < K, other=V)
        token = tl.min(tl.where(top == highest, best, V), 0)
    else:
        gamma = tl.full([], 0x9E3779B97F4A7C15, tl.uint64)
        state = tl.load(keys + row).to(tl.uint64) + (tl.load(positions + row) + 1).to(tl.uint64) * gamma
        uniform = ((mixed(state) >> 12).to(tl.float64) + 0.5) * 2.220446049250313e-16  # 2^-52
        target = uniform * total
        up_to = tl.cumsum(share.to(tl.float64), 0)
        before = up_to <= target  # parts that end before the target
        part = tl.minimum(tl.sum(before.to(tl.int32), 0), K - 1)
        passed = tl.sum(tl.where(k < part, share.to(tl.float64), 0.0), 0)
        token_n = part * PART + n
        logit = tl.load(logits + row * row_stride + token_n, mask=token_n < V, other=float("-inf")).to(tl.float32)
        inside = tl.exp(logit * inverse_temperature - highest)
        ends = tl.cumsum(inside.to(tl.float64), 0)
        offset = tl.sum((ends <= target - passed).to(tl.int32), 0)
        last = tl.max(tl.where(inside > 0, n, 0), 0)  # so rounding never picks a token of probability 0
        token = part * PART + tl.minimum(offset, last)
    chosen = tl.load(logits + row * row_stride + token).to(tl.float32) * inverse_temperature
    tl.store(tokens + row, token.to(tl.int64))
    tl.store(logprobs + row, chosen - highest - tl.log(total.to(tl.float32)))
