"""A Triton kernel that makes probabilities of a row of logits, in place, and finds the target's log-probability.

One program a row. It reads the row twice, first for the largest logit and the sum of exponentials, then to write
probabilities over the logits; all of it in float32, whatever the logits' dtype. PyTorch's softmax of bfloat16 logits in
float32 copies them, writes float32 probabilities, and what is kept of these is one more copy.
"""

import triton
import triton.language as tl

BLOCK, WARPS = 4096, 8
"""Logits that a program reads at a time, and its warps."""


@triton.jit
def softmax_kernel(
    logits, targets, logprobs, inverse_temperature, V, row_stride,
    WRITE: tl.constexpr, BLOCKS: tl.constexpr, BLOCK: tl.constexpr,
):  # fmt: skip
    """`logprobs[r]`: log softmax(logits[r] / temperature) at `targets[r]`. WRITE: logits become probabilities.

    A row of V logits is BLOCKS times BLOCK, the last of them filled in part.
    """
    row = tl.program_id(0).to(tl.int64)
    place = tl.arange(0, BLOCK)
    logits += row * row_stride
    # read before any logit is written over: the reductions below are barriers of the program
    chosen = tl.load(logits + tl.load(targets + row)).to(tl.float32) * inverse_temperature
    top = tl.full([], -3.0e38, tl.float32)  # finite, so that no difference of two infinities arises
    sums = tl.zeros([BLOCK], tl.float32)
    for block in range(BLOCKS):
        token = block * BLOCK + place
        logit = tl.load(logits + token, mask=token < V, other=float("-inf")).to(tl.float32)
        logit = logit * inverse_temperature
        higher = tl.maximum(top, tl.max(logit, 0))
        sums = sums * tl.exp(top - higher) + tl.exp(logit - higher)
        top = higher
    total = tl.sum(sums, 0)
    tl.store(logprobs + row, chosen - top - tl.log(total))
    if WRITE:
        share = 1.0 / total
        for block in range(BLOCKS):
            token = block * BLOCK + place
            logit = tl.load(logits + token, mask=token < V, other=float("-inf")).to(tl.float32)
            p = tl.exp(logit * inverse_temperature - top) * share
            tl.store(logits + token, p.to(logits.dtype.element_ty), mask=token < V)
