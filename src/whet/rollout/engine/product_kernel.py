"""A Triton kernel for the product of few rows with a small matrix, its sum over inputs split among programs.

At 64 rows a product of a small model has a dozen tiles of outputs, on a GPU with more than a hundred processors: each
program takes a part of the inputs as well, and writes a partial sum. Who reads these adds them up.
"""

from typing import NamedTuple

import triton
import triton.language as tl

from whet.rollout.engine.attend_kernel import QUERIES, power_of_two

OUTPUTS, INPUTS = 64, 64
"""Outputs of a program, and inputs that it takes at a time."""

WARPS, STAGES = 4, 4

PROGRAMS = 132
"""About as many as there are processors on an H100 or H200."""

FEWEST_PARTS = 4
"""With fewer, the tiles of outputs nearly fill the GPU, as those of a large model do."""

MOST_ROWS = 64
"""More rows are better served by a library."""


class Split(NamedTuple):
    """How the inputs of a product are divided."""

    parts: int
    blocks: int
    """Of `INPUTS` inputs, that a program sums; the last part may have fewer."""


def split_of(rows: int, outputs: int, inputs: int) -> Split | None:
    """Returns how a product of `rows` is split; None where it is not worth it.

    >>> split_of(64, 896, 4864), split_of(64, 896, 896), split_of(64, 3584, 18944), split_of(128, 896, 896)
    (Split(parts=9, blocks=9), Split(parts=7, blocks=2), None, None)
    """
    tiles, blocks = -(-outputs // OUTPUTS), inputs // INPUTS
    if rows > MOST_ROWS or inputs % INPUTS or tiles * FEWEST_PARTS > PROGRAMS:
        return None
    each = -(-blocks // (PROGRAMS // tiles))
    return Split(-(-blocks // each), each)


def block_of_rows(rows: int) -> int:
    """Returns the rows of a program: a power of two, and no fewer than a matrix unit takes."""
    return max(power_of_two(rows), QUERIES)


@triton.jit
def split_product_kernel(
    x, weight, sums, R, N, K, BLOCKS: tl.constexpr,
    ROWS: tl.constexpr, OUTPUTS: tl.constexpr, INPUTS: tl.constexpr, STAGES: tl.constexpr,
):  # fmt: skip
    """Partial sums of x · weightᵀ: `x` `[R, K]` and `weight` `[N, K]` to `sums` `[parts, R, N]`, in float32."""
    part = tl.program_id(1)
    row, output = tl.arange(0, ROWS), tl.program_id(0) * OUTPUTS + tl.arange(0, OUTPUTS)
    k = tl.arange(0, INPUTS)
    there, real = (row < R)[:, None], (output < N)[:, None]
    total = tl.zeros([ROWS, OUTPUTS], tl.float32)
    first = part * BLOCKS * INPUTS
    for at in tl.range(first, tl.minimum(first + BLOCKS * INPUTS, K), INPUTS, num_stages=STAGES):
        some = tl.load(x + row[:, None] * K + (at + k)[None, :], mask=there, other=0.0)
        weights = tl.load(weight + output[:, None] * K + (at + k)[None, :], mask=real, other=0.0)
        total += tl.dot(some, tl.trans(weights), input_precision="ieee")
    places = (part * R + row[:, None]) * N + output[None, :]
    tl.store(sums + places, total, mask=there & (output < N)[None, :])
